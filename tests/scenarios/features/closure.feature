Feature: Closure
  It is accounted for that everyone who was told the beginning was told the end.

  @real
  Scenario: Whom a "not ours" brought in is told the end
    Source: Homeward's design, promise 5; Ofsted, Missing children, 2013, paragraph 79

    Given it is Thursday 26 March 2026 at 12:00
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And Walsall front door answers not ours, but Birmingham front door
    And 1 hour later The Beeches reports Robin back
    Then Birmingham front door is told that Robin is back
    And everyone who was told of Robin is told the end

  Scenario: The end is told once, though home and police both report it
    Source: Gwent Missing Children Hub evaluation, 2015, paragraph 6.56

    Given it is Friday 27 March 2026 at 22:10
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And on Saturday 28 March 2026 at 06:00 The Beeches reports Robin back
    And at 07:00 Staffordshire Police reports Robin back since Saturday 28 March 2026 at 06:00
    Then Stoke-on-Trent front door is told once that Robin is back
    And Walsall social work is told once that Robin is back

  Scenario: A council that could not be reached is told both, the beginning and the end, when it can be
    Source: Homeward's design, promises 5 and 6

    Given it is Thursday 26 March 2026 at 12:00
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    And Homeward cannot reach Walsall
    When The Beeches reports Robin missing
    And Staffordshire Police control room answers that it is acting
    And 10 minutes later The Beeches adds about Robin "Seen at Stoke station"
    And 1 hour later The Beeches reports Robin back
    And Homeward can reach Walsall again
    Then Walsall front door is told of Robin in this order:
      | missing     |
      | in the news |
      | back        |

  Scenario: A child found dead is not told back to anybody
    Source: Homeward's catalogue, section 4

    Given it is Friday 27 March 2026 at 22:10
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And at 22:40 Staffordshire Police reports Robin found, dead
    And on Saturday 28 March 2026 at 12:00 Staffordshire Police closes the report on Robin
      | outcome | died |
    Then Stoke-on-Trent front door is not told that Robin is back
    And Stoke-on-Trent front door is not told that Robin is closed
    And Walsall social work is not told that Robin is closed
    And nobody owes the interview

  @real
  Scenario: Whoever was told has to show by the next working day that they have read the end
    Source: Homeward's design, promise 5; Ofsted, Missing children, 2013, paragraph 69; the working day is local

    Given it is Thursday 26 March 2026 at 12:00
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And at 14:00 The Beeches reports Robin back
    Then Stoke-on-Trent front door owes a sign that the end was read by Friday 27 March 2026 at 24:00
    When on Friday 27 March 2026 at 10:00 Stoke-on-Trent front door answers that it has received it
    Then Stoke-on-Trent front door does not owe a sign that the end was read
    When it is Saturday 28 March 2026 at 09:00
    Then a sign that the end was read of Walsall social work is late
    And nobody is now woken
