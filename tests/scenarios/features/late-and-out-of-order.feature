Feature: Late and out of order
  Messages come late, twice and in any order; the picture is right all the same.

  @real
  Scenario: Found before missing is told as: was missing, is back
    Source: Homeward's design, promises 4 and 5

    Given it is Saturday 28 March 2026 at 06:10
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin back
    Then nobody is told of Robin
    When The Beeches reports Robin missing since Friday 27 March 2026 at 22:10
    Then the absence of Robin is returned
    And Staffordshire Police control room is told of Robin in this order:
      | missing |
      | back    |
    And everyone who was told of Robin is told the end
    And nobody is woken

  Scenario: News that comes before the report is kept, and told when the report is there
    Source: Homeward's catalogue, section 2

    Given it is Friday 27 March 2026 at 22:40
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches adds about Robin "Seen at Stoke station"
    Then nobody is told of Robin
    When The Beeches reports Robin missing since Friday 27 March 2026 at 22:10
    Then Walsall emergency duty team is told of Robin in this order:
      | missing     |
      | in the news |
    And there is 1 absence of 1 child

  @real
  Scenario: A repeat gets its receipt again and changes nothing
    Source: Homeward's catalogue, section 6

    Given it is Friday 27 March 2026 at 22:10
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And 10 minutes later The Beeches sends its last message again
    Then the message is taken for a repeat
    And The Beeches has 2 receipts
    And nobody is now told of Robin
    And Walsall emergency duty team is told once that Robin is missing

  Scenario: A return that overtakes the report of the next absence does not end the earlier one again
    Source: Homeward's design, promise 4

    Given it is Friday 27 March 2026 at 22:10
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And on Saturday 28 March 2026 at 06:00 The Beeches reports Robin back
    And on Saturday 18 April 2026 at 06:00 The Beeches reports Robin back
      | absence | 2 |
    And The Beeches reports Robin missing again since Friday 17 April 2026 at 22:00
    Then the absences of Robin are:
      | Friday 27 March 2026 at 22:10 | returned |
      | Friday 17 April 2026 at 22:00 | returned |

  Scenario: An earlier absence that is told late does not end the one that is on
    Source: Homeward's design, promise 4

    Given it is Monday 30 March 2026 at 08:30
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And The Beeches reports Robin back since Saturday 28 March 2026 at 06:00
      | absence | 0 |
    And The Beeches reports Robin missing since Friday 27 March 2026 at 22:10
      | absence | 0 |
      | police  | not mentioned |
    Then the absences of Robin are:
      | Friday 27 March 2026 at 22:10 | returned |
      | Monday 30 March 2026 at 08:30 | open     |

  Scenario: An end before the child was last seen is refused, at its field
    Source: Homeward's catalogue, section 2

    Given it is Friday 27 March 2026 at 22:10
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And The Beeches reports Robin back since Friday 27 March 2026 at 20:00
    Then The Beeches is refused with "invalid" at "occurred_at"
    And the absence of Robin is open

  Scenario: The reference of an absence that is over is refused for the next one
    Source: Homeward's catalogue, section 2

    Given it is Friday 27 March 2026 at 22:10
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And on Saturday 28 March 2026 at 06:00 The Beeches reports Robin back
    And on Sunday 29 March 2026 at 22:00 The Beeches reports Robin missing
    Then The Beeches is refused with "invalid"

  @real
  Scenario: A sighting told to the police joins the absence that is open
    Source: Ofsted, Missing children, 2013, box after paragraph 106

    Given it is Friday 27 March 2026 at 22:10
    And Leo, 15, lives with family in Coventry
    When West Midlands Police reports Leo missing
    And at 23:30 West Midlands Police adds about Leo "Seen by the staff of a hotel"
    Then there is 1 absence of 1 child
    And Coventry emergency duty team is now told that Leo is in the news

  Scenario: A sighting of a child whom nobody misses opens no absence
    Source: Ofsted, Missing children, 2013, box after paragraph 106

    Given it is Friday 27 March 2026 at 22:10
    And Leo, 15, lives with family in Coventry
    When West Midlands Police adds about Leo "Seen by the staff of a hotel"
    Then nobody is told of Leo
    And nobody is woken
    And nobody owes an answer

  Scenario: The police and the home report the same absence, and each is told once
    Source: Gwent Missing Children Hub evaluation, 2015, paragraphs 6.24, 6.56 and 6.71

    Given it is Friday 27 March 2026 at 22:10
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And at 22:30 Staffordshire Police reports Robin missing since Friday 27 March 2026 at 22:10
      | responsible authority | Walsall |
    Then there is 1 absence of 1 child
    And an answer of Staffordshire Police control room is met
    And Walsall emergency duty team is told once that Robin is missing

  @real
  Scenario: A difference between two reporters is told: the police grade the risk higher
    Source: Homeward's catalogue, section 2

    Given it is Friday 27 March 2026 at 22:10
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And at 22:30 Staffordshire Police reports Robin missing since Friday 27 March 2026 at 22:10
      | risk | high |
    Then the risk of Robin stands at high
    And Walsall emergency duty team is told "high"
    When at 22:40 The Beeches grades the risk of Robin low because "Spoke by telephone"
    Then the risk of Robin stands at high

  @real
  Scenario: Who joins late asks where things stand, and gets a picture that wakes nobody
    Source: Homeward's design, promise 3; Gwent Missing Children Hub evaluation, 2015, paragraph 6.56

    Given it is Friday 27 March 2026 at 22:10
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And at 22:30 The Beeches grades the risk of Robin high because "A threat was found"
    And on Saturday 28 March 2026 at 02:00 Stoke-on-Trent front door asks to catch up
    Then Stoke-on-Trent gets a picture of Robin: open, the risk high
    And nobody is now woken

  Scenario: A duty that was past due when its cause became known is told as late on arrival
    Source: Homeward's catalogue, section 5

    Given it is Friday 27 March 2026 at 22:10
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And on Monday 30 March 2026 at 10:00 The Beeches reports Robin back since Friday 27 March 2026 at 23:10
    Then Staffordshire Police is told "before Homeward knew of it"
    When it is Tuesday 31 March 2026 at 09:00
    Then the safe-and-well check has not climbed

  @real
  Scenario: The police who reported first are neither told nor asked when the home reports the same
    Source: Homeward's catalogue, section 4: the force of the place, if it did not send it

    Given it is Friday 27 March 2026 at 22:10
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When Staffordshire Police reports Robin missing
    And at 22:20 The Beeches reports Robin missing since Friday 27 March 2026 at 22:10
    Then there is 1 absence of 1 child
    And Staffordshire Police control room does not owe an answer
    And nobody is now woken
