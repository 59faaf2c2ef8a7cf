Feature: Safe and well
  The police see the child who is back, and say what they found, or who decided not to.

  @real
  Scenario: The outcome goes to those who work with the child, and the home hears that it was done
    Source: Ofsted, Missing children, 2013, paragraphs 26, 27 and 33

    Given it is Friday 27 March 2026 at 22:10
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And on Saturday 28 March 2026 at 06:00 The Beeches reports Robin back
    And at 11:00 Staffordshire Police sends a safe-and-well outcome about Robin:
      | result              | done              |
      | method              | face-to-face      |
      | seen alone          | yes               |
      | concern about carer | no                |
      | harm detail         | A graze, no more  |
    Then the safe-and-well check of Staffordshire Police control room is met
    And these are now told of Robin:
      | Walsall social work              |
      | Walsall return interview service |
      | Stoke-on-Trent social work       |
      | The Beeches night staff          |
    And nobody is now woken

  @real
  Scenario: With a concern about a carer the home hears that it was done, and nothing else
    Source: Ofsted, Missing children, 2013, paragraphs 26 and 27; Homeward's catalogue, section 4

    Given it is Friday 27 March 2026 at 22:10
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And on Saturday 28 March 2026 at 06:00 The Beeches reports Robin back
    And at 11:00 Staffordshire Police sends a safe-and-well outcome about Robin:
      | result              | done                    |
      | concern about carer | yes                     |
      | concern detail      | Afraid of a night worker |
      | condition           | Bruised arm             |
    Then The Beeches night staff is now told that Robin is checked
    And The Beeches is never told "night worker"
    And The Beeches is never told "Bruised arm"
    And Walsall social work is told "night worker"

  @real
  Scenario: A check that was not done needs who decided so, and is not a check that was done
    Source: Ofsted, Missing children, 2013, paragraphs 28 and 29

    Given it is Saturday 24 October 2026 at 20:00
    And Pip, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Pip missing
    And on Sunday 25 October 2026 at 01:40 BST The Beeches reports Pip back
    And on Sunday 25 October 2026 at 20:00 Staffordshire Police sends a safe-and-well outcome about Pip:
      | result     | not-done |
      | reason     | frequent |
      | decided by | left out |
    Then Staffordshire Police is refused with "invalid"
    And Staffordshire Police control room owes the safe-and-well check by Monday 26 October 2026 at 00:40
    When on Monday 26 October 2026 at 09:00 Staffordshire Police sends a safe-and-well outcome about Pip:
      | result     | not-done       |
      | reason     | frequent       |
      | decided by | Duty inspector |
    Then the safe-and-well check of Staffordshire Police control room is excused
    And Walsall social work is now told that Pip is not checked

  @real
  Scenario: One visit of an officer, and one interview, for two absences
    Source: Barnardo's, Missing from care in Staffordshire, 2006, sections 4.3.2 and 5.8

    Given it is Friday 5 June 2026 at 14:00
    And Una, 14, is looked after by Staffordshire and lives in The Limes
    When The Limes reports Una missing
    And at 17:00 The Limes reports Una back
    And on Saturday 6 June 2026 at 02:00 The Limes reports Una missing again
    And on Sunday 7 June 2026 at 08:00 The Limes reports Una back
    And at 09:30 Staffordshire Police sends a safe-and-well outcome about Una:
      | result      | done  |
      | also covers | Una/1 |
    Then Staffordshire Police control room owed the safe-and-well check by Saturday 6 June 2026 at 17:00, and it is met late
    And Staffordshire Police control room owed the safe-and-well check by Monday 8 June 2026 at 08:00, and it is met
    And Staffordshire return interview service owes the interview by Monday 8 June 2026 at 17:00
    And Staffordshire return interview service owes the interview by Wednesday 10 June 2026 at 08:00
    When on Monday 8 June 2026 at 16:00 Staffordshire return interview service sends a return interview outcome about Una:
      | stage               | held  |
      | independent         | yes   |
      | concern about carer | no    |
      | also covers         | Una/1 |
    Then Staffordshire return interview service owed the interview by Monday 8 June 2026 at 17:00, and it is met
    And Staffordshire return interview service owed the interview by Wednesday 10 June 2026 at 08:00, and it is met

  Scenario: The check does not stand in for the interview, nor the interview for the check
    Source: Ofsted, Missing children, 2013, paragraph 46; Barnardo's, Missing from care in Staffordshire, 2006, section 4.3.2

    Given it is Friday 27 March 2026 at 22:10
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And on Saturday 28 March 2026 at 06:00 The Beeches reports Robin back
    And at 11:00 Staffordshire Police sends a safe-and-well outcome about Robin:
      | result | done |
    Then the interview of Walsall return interview service is open
    When at 12:00 The Beeches reports Robin missing again
    And at 14:00 The Beeches reports Robin back
    And at 16:00 Walsall return interview service sends a return interview outcome about Robin:
      | stage               | held |
      | independent         | yes  |
      | concern about carer | no   |
    Then Staffordshire Police control room owes the safe-and-well check by Sunday 29 March 2026 at 15:00

  Scenario: An outcome that is taken back leaves the check owed
    Source: Homeward's catalogue, section 2

    Given it is Friday 27 March 2026 at 22:10
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And on Saturday 28 March 2026 at 06:00 The Beeches reports Robin back
    And at 11:00 Staffordshire Police sends a safe-and-well outcome about Robin:
      | result | done |
    And at 11:10 Staffordshire Police cancels its safe-and-well outcome about Robin
    Then Staffordshire Police control room owes the safe-and-well check by Sunday 29 March 2026 at 07:00
