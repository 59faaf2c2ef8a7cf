Feature: Ends of an absence
  Found, back and closed are three ends. Everyone who was told the beginning is told the end.

  @real
  Scenario: Everyone who was told is told the end, also whom a ladder reached
    Source: Homeward's design, promise 5; Ofsted, Missing children, 2013, paragraph 24

    Given it is Friday 27 March 2026 at 22:10
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And Staffordshire Police control room answers that it is acting
    And it is Friday 27 March 2026 at 22:45
    And on Saturday 28 March 2026 at 06:00 The Beeches reports Robin back
    Then everyone who was told of Robin is told the end
    And Walsall on-call manager is told that Robin is back
    And Walsall return interview service is told that Robin is back
    And nobody owes an answer

  @real
  Scenario: A child found in hospital is no all-clear: those who act go on
    Source: Homeward's catalogue, section 4

    Given it is Friday 27 March 2026 at 22:10
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And Staffordshire Police control room answers that it is acting
    And on Saturday 28 March 2026 at 02:00 The Beeches reports Robin found, in hospital
    Then the absence of Robin is found
    And these are now told of Robin:
      | Staffordshire Police control room |
      | Walsall emergency duty team       |
      | Walsall front door                |
    When on Sunday 29 March 2026 at 10:00 The Beeches reports Robin back
    Then the absence of Robin is returned
    And everyone who was told of Robin is told the end

  Scenario: A child in custody is not back
    Source: Homeward's catalogue, section 4

    Given it is Friday 27 March 2026 at 22:10
    And Robin, 15, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And on Saturday 28 March 2026 at 02:00 Staffordshire Police reports Robin found, in custody
    Then the absence of Robin is found
    And The Beeches night staff is now told that Robin is found
    And Walsall social work is not told that Robin is found

  @real
  Scenario: A death goes to managers who telephone, and to nobody else
    Source: Homeward's catalogue, section 4; the times are local

    Given it is Friday 27 March 2026 at 22:10
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And at 22:40 Staffordshire Police reports Robin found, dead
    Then these are now told of Robin:
      | Walsall duty manager    |
      | Walsall head of service |
      | Walsall on-call manager |
    And Walsall on-call manager owes the telephone calls by Friday 27 March 2026 at 23:10
    And nobody owes an answer

  Scenario: A child who was reported in error is told to all who were told
    Source: Homeward's catalogue, section 3

    Given it is Friday 27 March 2026 at 22:10
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And at 22:30 The Beeches reports Robin reported in error
    Then everyone who was told of Robin is told the end
    And nobody is now woken
    # The police were told: that there was nothing to it is for them to say.
    And Staffordshire Police control room owes the safe-and-well check by Saturday 28 March 2026 at 22:30

  @real
  Scenario: Two absences of one weekend are not one long one, and a carer's word closes neither
    Source: Barnardo's, Missing from care in Staffordshire, 2006, section 4.3.2

    Given it is Friday 5 June 2026 at 14:00
    And Una, 14, is looked after by Staffordshire and lives in The Limes
    When The Limes reports Una missing
    And at 17:00 The Limes reports Una back
    Then Staffordshire Police control room owes the safe-and-well check by Saturday 6 June 2026 at 17:00
    And the absence of Una is returned
    When on Saturday 6 June 2026 at 02:00 The Limes reports Una missing again
    And on Sunday 7 June 2026 at 08:00 The Limes reports Una back
    Then there are 2 absences of 1 child
    And Staffordshire Police control room owed the safe-and-well check by Saturday 6 June 2026 at 17:00, and it is late
    And Staffordshire Police control room owed the safe-and-well check by Monday 8 June 2026 at 08:00, and it is open
    When at 09:30 Staffordshire Police closes the report on Una
    Then the absence of Una is closed
    And Staffordshire Police control room owed the safe-and-well check by Monday 8 June 2026 at 08:00, and it is open

  Scenario: Found a day before coming back, the check counts from the finding
    Source: Homeward's catalogue, section 5: from found, else returned

    Given it is Friday 27 March 2026 at 22:10
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And on Saturday 28 March 2026 at 10:00 Staffordshire Police reports Robin found safe
    And on Sunday 29 March 2026 at 18:00 The Beeches reports Robin back
    Then Staffordshire Police control room owed the safe-and-well check by Sunday 29 March 2026 at 11:00, and it is late
    And there is 1 absence of 1 child

  Scenario: Who learns of it late is told that the child was missing and is back
    Source: Homeward's design, promise 5

    Given it is Saturday 28 March 2026 at 06:00
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin back
    And 1 hour later The Beeches reports Robin missing since Friday 27 March 2026 at 22:10
    Then Walsall social work is told of Robin in this order:
      | missing |
      | back    |
    And Walsall reviewing officers is told of Robin in this order:
      | missing |
      | back    |
    And the absence of Robin is returned

  @real
  Scenario: Who turns eighteen while missing stays missing for the police, and children's services owe nothing more
    Source: Homeward's catalogue, section 4; Barnardo's, Missing from care in Staffordshire, 2006, appendix 1.6

    Given it is Thursday 9 July 2026 at 12:00
    And Ash, born on 10 July 2008, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Ash missing
    And it is Friday 10 July 2026 at 12:00
    Then the absence of Ash is open
    And Walsall leaving care team is told that Ash is missing
    When on Saturday 11 July 2026 at 12:00 Staffordshire Police reports Ash back
    Then nobody owes the offer of an interview
    And Staffordshire Police control room owes the safe-and-well check by Sunday 12 July 2026 at 12:00
