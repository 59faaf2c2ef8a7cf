Feature: Clocks
  Elapsed hours never pause; working days know bank holidays; desks open when they open.

  @real
  Scenario: Before Easter 2026 a front door opens again on the Tuesday
    Source: Homeward's catalogue, section 5; bank holidays of England and Wales, 2026

    Given it is Thursday 2 April 2026 at 20:00
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    Then Walsall emergency duty team owes an answer by Thursday 2 April 2026 at 20:30
    And Walsall front door owes an answer by Tuesday 7 April 2026 at 09:00
    And Walsall reviewing officers owes an answer to the alert by Tuesday 7 April 2026 at 24:00

  Scenario: Easter 2027 falls together with the change to summer time
    Source: Homeward's catalogue, section 5; bank holidays of England and Wales, 2027

    Given it is Thursday 25 March 2027 at 20:00
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    Then Walsall front door owes an answer by Tuesday 30 March 2027 at 09:00
    And Walsall reviewing officers owes an answer to the alert by Tuesday 30 March 2027 at 24:00
    When on Saturday 27 March 2027 at 20:00 The Beeches reports Robin back
    Then Staffordshire Police control room owes the safe-and-well check by Sunday 28 March 2027 at 21:00

  @real
  Scenario: Between Christmas Eve 2026 and the Tuesday after there is no working day
    Source: Homeward's catalogue, section 5; bank holidays of England and Wales, 2026

    Given it is Thursday 24 December 2026 at 18:00
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    Then Walsall front door owes an answer by Tuesday 29 December 2026 at 09:00
    And Walsall reviewing officers owes an answer to the alert by Tuesday 29 December 2026 at 24:00
    When on Friday 25 December 2026 at 09:00 The Beeches reports Robin back
    Then Staffordshire Police control room owes the safe-and-well check by Saturday 26 December 2026 at 09:00

  Scenario: On New Year's Eve the next working day is the Monday
    Source: Homeward's catalogue, section 5; bank holidays of England and Wales, 2027

    Given it is Thursday 31 December 2026 at 17:30
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    Then Walsall front door owes an answer by Monday 4 January 2027 at 09:00
    And Walsall reviewing officers owes an answer to the alert by Monday 4 January 2027 at 24:00

  @real
  Scenario: A check that is due after 24 hours takes no notice of the night in which clocks go back
    Source: Ofsted, Missing children, 2013, paragraph 26; the 24 hours are local

    Given it is Saturday 24 October 2026 at 20:00
    And Pip, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Pip missing
    And on Sunday 25 October 2026 at 01:40 BST The Beeches reports Pip back
    Then Staffordshire Police control room owes the safe-and-well check by Monday 26 October 2026 at 00:40
    When it is Monday 26 October 2026 at 00:39
    Then the safe-and-well check of Staffordshire Police control room is open
    When it is Monday 26 October 2026 at 00:40
    Then the safe-and-well check of Staffordshire Police control room is late

  Scenario: A time that comes twice in the night in which clocks go back is two moments
    Source: Homeward's catalogue, section 5: elapsed hours run on UTC

    Given it is Saturday 24 October 2026 at 20:00
    And Pip, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Pip missing
    And on Sunday 25 October 2026 at 01:40 GMT The Beeches reports Pip back
    Then Staffordshire Police control room owes the safe-and-well check by Monday 26 October 2026 at 01:40

  Scenario: In the night in which clocks go forward a half-hour is half an hour
    Source: Homeward's catalogue, section 5: elapsed hours run on UTC

    Given it is Sunday 29 March 2026 at 00:45
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    Then Walsall emergency duty team owes an answer by Sunday 29 March 2026 at 02:15

  Scenario: The leap day is a day like others
    Source: Homeward's catalogue, section 5

    Given it is Monday 28 February 2028 at 20:00
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And at 23:30 The Beeches reports Robin back
    Then Staffordshire Police control room owes the safe-and-well check by Tuesday 29 February 2028 at 23:30
    And Walsall reviewing officers owes an answer to the alert by Tuesday 29 February 2028 at 24:00

  @real
  Scenario: A return of Friday that is told on Monday has its clock from Friday, and is late on arrival
    Source: Homeward's catalogue, section 5; Ofsted, Missing children, 2013, paragraph 26

    Given it is Friday 27 March 2026 at 22:10
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And on Monday 30 March 2026 at 10:00 The Beeches reports Robin back since Friday 27 March 2026 at 23:10
    Then Robin was back on Friday 27 March 2026 at 23:10
    And nobody is now woken
    When 1 second passes
    Then Staffordshire Police control room owed the safe-and-well check by Saturday 28 March 2026 at 23:10, and it is late

  @real
  Scenario: A return without a time starts no clock, and the time given later does
    Source: Homeward's catalogue, section 5: never an invented countdown

    Given it is Friday 27 March 2026 at 22:10
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And on Saturday 28 March 2026 at 09:00 The Beeches reports Robin back, at a time it does not know
    Then Staffordshire Police control room owes the safe-and-well check, with no start recorded
    And Staffordshire Police control room is told "no start recorded"
    When it is Monday 30 March 2026 at 12:00
    Then the safe-and-well check has not climbed
    When The Beeches reports Robin back since Saturday 28 March 2026 at 04:00
    And 1 second passes
    Then Staffordshire Police control room owed the safe-and-well check by Sunday 29 March 2026 at 05:00, and it is late

  Scenario: A desk that is told on Friday evening has until the end of Monday where it has a working day
    Source: Homeward's catalogue, section 5: the starting day does not count

    Given it is Friday 27 March 2026 at 16:59
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    Then Walsall reviewing officers owes an answer to the alert by Monday 30 March 2026 at 24:00

  Scenario: The risk that the police review is due when they said so
    Source: College of Policing, Authorised Professional Practice, Missing person investigations; Homeward's catalogue, section 5

    Given it is Thursday 26 March 2026 at 12:00
    And Leo, 15, lives with family in Kirklees
    When West Yorkshire Police reports Leo missing
      | next review at | 16:00 |
    Then West Yorkshire Police control room owes a review of the risk by Thursday 26 March 2026 at 16:00
    When at 15:55 West Yorkshire Police sets the next review of Leo for Friday 27 March 2026 at 00:00
    Then West Yorkshire Police control room owed a review of the risk by Thursday 26 March 2026 at 16:00, and it is met
    And West Yorkshire Police control room owes a review of the risk by Friday 27 March 2026 at 00:00
