Feature: Who is woken
  At night only those are woken who can do something that night.

  @real
  Scenario: A report at night wakes the emergency duty team and the police, and nobody else
    Source: Homeward's catalogue, section 4; Barnardo's, Missing from care in Staffordshire, 2006, section 4.3.1

    Given it is Friday 27 March 2026 at 22:10
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    Then only these are woken:
      | Staffordshire Police control room |
      | Walsall emergency duty team       |

  @real
  Scenario: Good news wakes nobody
    Source: Homeward's catalogue, section 4

    Given it is Friday 27 March 2026 at 22:10
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And at 22:30 The Beeches reports Robin back
    Then nobody is now woken
    When it is Monday 30 March 2026 at 12:00
    Then an answer has not climbed

  Scenario: A night without an answer wakes the manager on call, and never a desk that does not ring
    Source: Homeward's catalogue, section 4

    Given it is Friday 27 March 2026 at 22:10
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And it is Wednesday 8 April 2026 at 12:00
    Then only these are woken:
      | Staffordshire Police control room |
      | Walsall emergency duty team       |
      | Walsall on-call manager           |

  Scenario: Immediate danger wakes the host's emergency duty team as well
    Source: Homeward's catalogue, section 4

    Given it is Friday 27 March 2026 at 22:10
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
      | immediate danger | yes |
    Then Stoke-on-Trent emergency duty team is told that Robin is missing

  Scenario: A risk that rises to high at night wakes the emergency duty team, other news does not
    Source: Homeward's catalogue, section 4; the rule is local

    Given it is Friday 27 March 2026 at 22:10
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And at 22:20 The Beeches adds about Robin "Has a friend in Hanley"
    Then Walsall emergency duty team is now told that Robin is in the news
    And nobody is now woken
    When at 22:30 The Beeches grades the risk of Robin high because "A threat was found"
    Then only these are now woken:
      | Walsall emergency duty team |

  Scenario: A child found by the police who refuses to come back wakes the council, which has to find a bed
    Source: Homeward's catalogue, section 4

    Given it is Friday 27 March 2026 at 22:10
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And on Saturday 28 March 2026 at 01:10 Staffordshire Police reports Robin found, refusing to come back
    Then only these are now woken:
      | Walsall emergency duty team |

  Scenario: A report that comes after the child is back wakes nobody and asks for no answer
    Source: Homeward's catalogue, section 5

    Given it is Friday 27 March 2026 at 23:10
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin back
    And at 23:20 The Beeches reports Robin missing since Friday 27 March 2026 at 22:10
    Then nobody is woken
    And nobody ever owed an answer
    And everyone who was told of Robin is told the end

  Scenario: A concern about a carer that the police hear at night wakes the emergency duty team
    Source: Homeward's catalogue, section 4; the rule is local

    Given it is Friday 27 March 2026 at 22:10
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And on Saturday 28 March 2026 at 01:00 The Beeches reports Robin back
    And at 02:00 Staffordshire Police sends a safe-and-well outcome about Robin:
      | result              | done |
      | concern about carer | yes  |
    Then only these are now woken:
      | Walsall emergency duty team |

  Scenario: That nobody has confirmed good news wakes nobody either
    Source: Homeward's catalogue, section 4

    Given it is Friday 27 March 2026 at 22:10
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And Staffordshire Police control room answers that it is acting
    And Walsall emergency duty team answers that it is acting
    And at 23:00 The Beeches reports Robin back
    And it is Friday 10 April 2026 at 12:00
    Then only these are woken:
      | Staffordshire Police control room |
      | Staffordshire Police duty manager |
      | Walsall emergency duty team       |
