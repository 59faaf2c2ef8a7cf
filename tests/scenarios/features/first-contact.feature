Feature: First contact
  Who is told first that a child is missing, by day and by night, and how soon they answer.

  @real
  Scenario: At night the emergency duty team is told at once, and the front door reads it at opening
    Source: Ofsted, Missing children, 2013, paragraphs 23 and 24

    Given it is Friday 22 May 2026 at 23:40
    And Leo, 15, lives with family in Kirklees
    When West Yorkshire Police reports Leo missing
      | risk | high |
    Then these are told of Leo:
      | Kirklees emergency duty team |
      | Kirklees front door          |
    And only these are woken:
      | Kirklees emergency duty team |
    And Kirklees emergency duty team owes an answer by Friday 22 May 2026 at 23:50
    And Kirklees front door owes an answer by Tuesday 26 May 2026 at 08:40
    When at 23:47 Kirklees emergency duty team answers that it is acting
    Then nobody owes an answer
    When it is Tuesday 26 May 2026 at 12:00
    Then nothing has climbed

  Scenario: By day the front door is told and asked, and the night team is left alone
    Source: Ofsted, Missing children, 2013, paragraph 23; the half hour is local

    Given it is Thursday 26 March 2026 at 12:00
    And Leo, 15, lives with family in Kirklees
    When West Yorkshire Police reports Leo missing
    Then these are told of Leo:
      | Kirklees front door |
    And Kirklees front door owes an answer by Thursday 26 March 2026 at 12:30
    And Kirklees emergency duty team is never woken

  @real
  Scenario: A child whom one council looks after goes missing from a home in the area of another
    Source: Ofsted, Missing children, 2013, paragraphs 23, 24, 75 and 79

    Given it is Friday 27 March 2026 at 22:10
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    Then these are told of Robin:
      | Staffordshire Police control room |
      | Walsall emergency duty team       |
      | Walsall front door                |
      | Walsall social work               |
      | Walsall reviewing officers        |
      | Stoke-on-Trent front door         |
    And the receipt names these to The Beeches, and by when they answer:
      | Staffordshire Police control room | Friday 27 March 2026 at 22:40 |
      | Walsall emergency duty team       | Friday 27 March 2026 at 22:40 |
      | Walsall front door                | Monday 30 March 2026 at 09:00 |
      | Walsall social work               |                               |
      | Walsall reviewing officers        | Monday 30 March 2026 at 24:00 |
      | Stoke-on-Trent front door         |                               |

  Scenario: A child whose case is open is told to its worker too
    Source: Ofsted, Missing children, 2013, paragraph 25

    Given it is Thursday 26 March 2026 at 12:00
    And Leo, 15, lives with family in Kirklees
    And Leo is open to social work
    When West Yorkshire Police reports Leo missing
    Then these are told of Leo:
      | Kirklees front door  |
      | Kirklees social work |
    And Kirklees social work does not owe an answer

  @real
  Scenario: A home that has not told the police is told at once, in words, to ring them
    Source: Homeward's catalogue, section 2: Homeward is never a report to the police; 15 minutes is local

    Given it is Friday 27 March 2026 at 22:10
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
      | police | not told yet |
    Then the receipt tells The Beeches "Ring 101 now"
    And The Beeches night staff owes a police reference by Friday 27 March 2026 at 22:25
    When at 22:20 The Beeches gives the police reference of Robin
    Then a police reference of The Beeches night staff is met

  Scenario: A home that never says what the police were told is chased by the council, then by the police
    Source: Homeward's catalogue, section 2; the times are local

    Given it is Friday 27 March 2026 at 22:10
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
      | police | not told yet |
    And Walsall emergency duty team answers that it is acting
    And Staffordshire Police control room answers that it is acting
    And it is Friday 27 March 2026 at 22:45
    Then a police reference has climbed to:
      | Walsall emergency duty team       |
      | Staffordshire Police control room |
    And a police reference of The Beeches night staff is late

  Scenario: A report without a risk is accepted and told, and the risk is owed in an hour
    Source: Barnardo's, Missing from care in Staffordshire, 2006, section 2.4; the hour is local

    Given it is Thursday 2 April 2026 at 21:20
    And Vera, 13, is looked after by Staffordshire and lives in The Limes
    When The Limes reports Vera missing since Thursday 2 April 2026 at 21:00
      | risk |  |
    Then the message is accepted
    And Staffordshire Police control room is told that Vera is missing
    And Staffordshire emergency duty team is told that Vera is missing
    And Staffordshire reviewing officers is told that Vera is missing
    And The Limes night staff owes the risk by Thursday 2 April 2026 at 22:20
    When at 21:50 The Limes grades the risk of Vera medium because "No money and no coat"
    Then the risk of The Limes night staff is met

  Scenario: A police report at two in the morning goes to the home's night staff and not to its manager
    Source: Barnardo's, Missing from care in Staffordshire, 2006, sections 4.3.1 and 4.3.2

    Given it is Saturday 6 June 2026 at 02:00
    And Ned, 15, is looked after by Staffordshire and lives in The Limes
    When Staffordshire Police reports Ned missing
    Then The Limes night staff is told that Ned is missing
    And The Limes home manager is never woken
    And The Limes night staff does not owe an answer

  Scenario: A council that is not on Homeward has its delivery kept, and the sender is told to telephone
    Source: Homeward's catalogue, section 5; Ofsted, Missing children, 2013, paragraph 78

    Given it is Thursday 26 March 2026 at 12:00
    And Dara, 14, is looked after by Derbyshire and lives in The Limes
    When The Limes reports Dara missing
    Then the receipt tells The Limes "Derbyshire"
    And Staffordshire Police control room is told that Dara is missing
    When it is Thursday 26 March 2026 at 12:20
    Then an answer of Derbyshire front door was late by our fault

  Scenario: A concern that senior managers need to know goes up in summary, and so does the end
    Source: Ofsted, Missing children, 2013, paragraphs 25 and 70

    Given it is Sunday 12 July 2026 at 18:00
    And Ola, 14, lives with family in Kirklees
    When West Yorkshire Police reports Ola missing
    And at 20:00 Kirklees emergency duty team updates Ola:
      | need to know | yes                           |
      | reason       | An adult was seen with her    |
    Then Kirklees head of service is now told that Ola is in the news
    And Kirklees director is now told that Ola is in the news
    And Kirklees director is never told "adult was seen"
    And Kirklees director sees no name of Ola
    When at 23:10 West Yorkshire Police reports Ola back
    Then Kirklees head of service is now told that Ola is back
    And Kirklees director is now told that Ola is back

  Scenario: A notice against whoever harbours a child is accepted, and names the adult in the full view only
    Source: Ofsted, Missing children, 2013, paragraphs 58, 59 and 60

    Given it is Saturday 18 July 2026 at 12:00
    And Ava, 16, lives with family in Kirklees
    When West Yorkshire Police reports Ava missing
    And at 14:00 West Yorkshire Police updates Ava:
      | legal measure: basis   | children-act-1989-s49 |
      | legal measure: against | A. N. Other           |
      | need to know           | yes                   |
      | reason                 | A notice was served   |
    Then the message is accepted
    And the receipt tells West Yorkshire Police "not in care"
    And Kirklees front door is told "A. N. Other"
    And Kirklees head of service is never told "A. N. Other"

  Scenario: What was written on paper while Homeward was down is entered with its true times, and wakes nobody
    Source: Homeward's catalogue, section 5

    Given it is Saturday 28 March 2026 at 05:00
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing since Friday 27 March 2026 at 22:10
      | paper form | P-20260327-00000815-6 |
    Then the message is accepted
    And nobody is woken
    And Walsall front door is told that Robin is missing
