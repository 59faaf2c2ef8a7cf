Feature: Reviewing officers
  The service of the Independent Reviewing Officers is told of every absence of a looked-after
  child, whoever else knows.

  @real
  Scenario: Two absences in one night and a day are two alerts and a return, to the council that is responsible
    Source: Ofsted, Missing children, 2013, paragraphs 24, 75 and 76; the working day is local

    Given it is Saturday 29 August 2026 at 22:00
    And Mia, 13, is looked after by Westminster and lives in Oak Lodge
    When Oak Lodge reports Mia missing
    And on Sunday 30 August 2026 at 09:00 Oak Lodge reports Mia back
    And on Sunday 30 August 2026 at 21:00 Oak Lodge reports Mia missing again
    Then the alerts to Westminster reviewing officers count these absences in 90 days:
      | missing  | 1 |
      | returned | 1 |
      | missing  | 2 |
    And Staffordshire reviewing officers is not told of Mia
    And Westminster reviewing officers owes an answer to the alert by Tuesday 1 September 2026 at 24:00
    And there are 2 absences of 1 child

  Scenario: That the duty team knows does not answer for the reviewing officers
    Source: Ofsted, Missing children, 2013, paragraphs 24 and 75

    Given it is Saturday 29 August 2026 at 22:00
    And Mia, 13, is looked after by Westminster and lives in Oak Lodge
    When Oak Lodge reports Mia missing
    And Westminster emergency duty team answers that it is acting
    Then an answer to the alert of Westminster reviewing officers is open
    When on Tuesday 1 September 2026 at 10:00 Westminster reviewing officers answers the alert that it is acting
    Then an answer to the alert of Westminster reviewing officers is met

  Scenario: They get the alert and not the report as well
    Source: Homeward's catalogue, section 4

    Given it is Friday 27 March 2026 at 22:10
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    Then Walsall reviewing officers is told once that Robin is missing
    And Walsall reviewing officers is never woken

  @real
  Scenario: An alert that is not answered is read by social work in the morning, and wakes nobody
    Source: Ofsted, Missing children, 2013, paragraphs 24 and 75; the ladder is local

    Given it is Friday 27 March 2026 at 22:10
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And Staffordshire Police control room answers that it is acting
    And Walsall emergency duty team answers that it is acting
    And it is Tuesday 31 March 2026 at 09:00
    Then an answer to the alert of Walsall reviewing officers is late
    And an answer to the alert has climbed to:
      | Walsall social work |
    And nobody is now woken

  Scenario: A child who is not looked after has no reviewing officer to tell
    Source: Ofsted, Missing children, 2013, paragraph 24

    Given it is Thursday 26 March 2026 at 12:00
    And Leo, 15, lives with family in Kirklees
    When West Yorkshire Police reports Leo missing
    Then nobody ever owed an answer to the alert
    And Kirklees reviewing officers is not told of Leo

  Scenario: A council that reports its own child tells its own reviewing officers by that
    Source: Ofsted, Missing children, 2013, paragraph 24: local procedures did not always require it

    Given it is Thursday 26 March 2026 at 12:00
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When Walsall front door reports Robin missing
    Then Walsall reviewing officers is told that Robin is missing
    And only these owe an answer:
      | Staffordshire Police control room |

  Scenario: A child on remand is looked after, and has a reviewing officer
    Source: Homeward's catalogue, section 3

    Given it is Thursday 26 March 2026 at 12:00
    And Robin, 15, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
      | care status | remand |
    Then Walsall reviewing officers is told that Robin is missing

  Scenario: Another council may send an alert of its own
    Source: Homeward's catalogue, section 3; Ofsted, Missing children, 2013, paragraph 76

    Given it is Thursday 26 March 2026 at 12:00
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When Stoke-on-Trent sends an alert about Robin:
      | event                 | threshold |
      | responsible authority | Walsall   |
    Then Walsall reviewing officers owes an answer to the alert by Friday 27 March 2026 at 24:00
    When Walsall reviewing officers answers the alert that it is acting
    Then nobody owes an answer to the alert

  Scenario: From the third absence in 90 days an early review is asked for
    Source: Ofsted, Missing children, 2013, paragraph 76; the number is local

    Given it is Friday 5 June 2026 at 12:00
    And Mia, 13, is looked after by Westminster and lives in Oak Lodge
    When Oak Lodge reports Mia missing
    And at 14:00 Oak Lodge reports Mia back
    And on Saturday 6 June 2026 at 12:00 Oak Lodge reports Mia missing again
    And at 14:00 Oak Lodge reports Mia back
    Then Westminster reviewing officers is never told "early-review"
    When on Sunday 7 June 2026 at 12:00 Oak Lodge reports Mia missing again
    Then Westminster reviewing officers is told "early-review"

  Scenario: Ninety days are ninety days of the calendar in London, not ninety times twenty-four hours
    Source: Staffordshire select committee, 2017, paragraph 40

    Given it is Wednesday 31 December 2025 at 23:50
    And Dot, 14, is looked after by Staffordshire and lives in The Limes
    When The Limes reports Dot missing
    And on Thursday 1 January 2026 at 02:00 The Limes reports Dot back
    And on Thursday 1 January 2026 at 23:50 The Limes reports Dot missing again
    And on Friday 2 January 2026 at 02:00 The Limes reports Dot back
    And on Tuesday 31 March 2026 at 23:50 The Limes reports Dot missing again
    Then the alerts to Staffordshire reviewing officers count these absences in 90 days:
      | missing  | 1 |
      | returned | 1 |
      | missing  | 2 |
      | returned | 2 |
      | missing  | 2 |
