Feature: Corrections
  What was said wrongly is taken back or put right, and whoever was told hears of that.

  @real
  Scenario: A report that is taken back is told to all who were told, and asks nothing more
    Source: Ofsted, Missing children, 2013, paragraph 91

    Given it is Friday 27 March 2026 at 22:10
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And at 22:15 The Beeches cancels its report about Robin
    Then the absence of Robin is cancelled
    And everyone who was told of Robin is told the end
    And nobody owes an answer
    When it is Tuesday 31 March 2026 at 12:00
    Then an answer has not climbed

  Scenario: A correction goes where the corrected report went
    Source: Homeward's catalogue, section 2

    Given it is Friday 27 March 2026 at 22:10
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And at 22:15 The Beeches corrects its report about Robin:
      | risk        | high         |
      | risk reason | Was a slip   |
    Then there is 1 absence of 1 child
    And the risk of Robin stands at high
    And Walsall emergency duty team is now told that Robin is missing
    And Staffordshire Police control room is now told that Robin is missing

  Scenario: Nobody corrects what another has sent
    Source: Homeward's catalogue, section 2

    Given it is Thursday 26 March 2026 at 12:00
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And The Limes takes back the report of The Beeches about Robin
    Then The Limes is refused with "nothing-to-replace"
    And the absence of Robin is open

  @real
  Scenario: A return whose time was wrong has its clock put right by the correction
    Source: Homeward's catalogue, sections 2 and 5

    Given it is Friday 27 March 2026 at 22:10
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And on Saturday 28 March 2026 at 06:00 The Beeches reports Robin back
    And at 07:00 The Beeches corrects its return about Robin:
      | occurred at | Saturday 28 March 2026 at 04:30 |
    Then Robin was back on Saturday 28 March 2026 at 04:30
    And Staffordshire Police control room owes the safe-and-well check by Sunday 29 March 2026 at 05:30

  Scenario: A close that is taken back leaves the child back, and the check owed as it was
    Source: Barnardo's, Missing from care in Staffordshire, 2006, section 4.3.2

    Given it is Friday 27 March 2026 at 22:10
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And on Saturday 28 March 2026 at 06:00 The Beeches reports Robin back
    And at 10:00 Staffordshire Police closes the report on Robin
    And at 10:05 Staffordshire Police cancels its return about Robin
    Then the absence of Robin is returned
    And the safe-and-well check of Staffordshire Police control room is open

  Scenario: A return that is taken back leaves the child missing, and all hear that
    Source: Homeward's catalogue, section 2; Homeward's design, promise 4

    Given it is Friday 27 March 2026 at 22:10
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And at 23:00 The Beeches reports Robin back
    And at 23:05 The Beeches cancels its return about Robin
    Then the absence of Robin is open
    And Walsall emergency duty team is now told that Robin is taken back
    And nobody owes the safe-and-well check

  Scenario: When a return is taken back, the interview it made owed is owed no more, and both are when the child is back
    Source: Homeward's catalogue, section 2; Homeward's design, promise 4

    Given it is Friday 27 March 2026 at 22:10
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And at 23:00 The Beeches reports Robin back
    And at 23:05 The Beeches cancels its return about Robin
    Then nobody owes the interview
    And only these are now woken:
      | Staffordshire Police control room |
      | Walsall emergency duty team       |
    When on Saturday 28 March 2026 at 09:00 The Beeches reports Robin back
    Then Walsall return interview service owes the interview by Tuesday 31 March 2026 at 10:00
    And everyone who was told of Robin is told the end

  Scenario: What was obtained earlier and is told later does not become the current grade of risk
    Source: Gwent Missing Children Hub evaluation, 2015, paragraphs 3.9 and 3.45, recommendation 6

    Given it is Friday 27 March 2026 at 22:10
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And at 22:30 The Beeches grades the risk of Robin high because "A threat was found"
    And at 23:00 The Beeches updates Robin:
      | risk             | low                           |
      | risk obtained at | Friday 27 March 2026 at 20:00 |
      | reason           | Said at the school            |
    Then the risk of Robin stands at high
