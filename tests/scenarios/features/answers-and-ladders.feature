Feature: Answers and ladders
  Who does not answer in time is not asked twice: somebody else is, up to another organisation.

  @real
  Scenario: By night silence climbs to the manager on call, then to the police
    Source: Ofsted, Missing children, 2013, paragraphs 69 and 71; the ladder is local

    Given it is Friday 27 March 2026 at 22:10
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And Staffordshire Police control room answers that it is acting
    And it is Friday 27 March 2026 at 22:39
    Then nothing has climbed
    When it is Friday 27 March 2026 at 22:40
    Then it has climbed to:
      | Walsall on-call manager |
    When it is Friday 27 March 2026 at 22:55
    Then it has climbed to:
      | Walsall on-call manager           |
      | Staffordshire Police control room |
    And an answer of Walsall emergency duty team is late

  Scenario: By day silence climbs through the council, then to the police
    Source: Ofsted, Missing children, 2013, paragraphs 69 and 71; the ladder is local

    Given it is Thursday 26 March 2026 at 12:00
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And Staffordshire Police control room answers that it is acting
    And 3 hours pass
    Then it has climbed to:
      | Walsall duty manager                      |
      | Walsall head of service                   |
      | Staffordshire Police missing persons unit |

  Scenario: A ladder that began by day goes on with those who are there after hours
    Source: Homeward's catalogue, sections 4 and 5

    Given it is Thursday 26 March 2026 at 16:45
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And Staffordshire Police control room answers that it is acting
    And 3 hours pass
    Then it has climbed to:
      | Walsall on-call manager           |
      | Staffordshire Police control room |

  @real
  Scenario: A late answer ends the climbing, and stays late on the record
    Source: Ofsted, Missing children, 2013, paragraph 69 and box after paragraph 95

    Given it is Friday 27 March 2026 at 22:10
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And Staffordshire Police control room answers that it is acting
    And at 22:41 Walsall on-call manager answers that it is acting
    And 10 hours pass
    Then an answer of Walsall emergency duty team is met late
    And an answer has climbed to:
      | Walsall on-call manager |

  Scenario: That a machine has received it is not yet an answer
    Source: Homeward's catalogue, section 3

    Given it is Friday 27 March 2026 at 22:10
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And Walsall emergency duty team answers that it has received it
    Then an answer of Walsall emergency duty team is open

  @real
  Scenario: A second "not ours" climbs at once to both duty managers
    Source: Ofsted, Missing children, 2013, paragraphs 79 and 80

    Given it is Thursday 26 March 2026 at 12:00
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And at 12:05 Walsall front door answers not ours, but Birmingham front door
    And at 12:10 Birmingham front door answers not ours
    And 1 second passes
    Then Walsall duty manager is told that Robin is missing
    And Birmingham duty manager is told that Robin is missing
    And Walsall front door owes an answer by Thursday 26 March 2026 at 12:30

  Scenario: Whoever acts in time has acted in time, though it was called somebody else's twice
    Source: Ofsted, Missing children, 2013, paragraph 80: the first agency keeps the lead, the clock is kept

    Given it is Thursday 26 March 2026 at 12:00
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And at 12:05 Walsall front door answers not ours, but Birmingham front door
    And at 12:10 Birmingham front door answers not ours
    And at 12:20 Walsall duty manager answers that it is acting
    Then an answer of Walsall front door is met

  Scenario: Each desk is asked once, however often others name it
    Source: Homeward's catalogue, section 5

    Given it is Thursday 26 March 2026 at 12:00
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And Walsall front door answers not ours, but Birmingham front door
    And Birmingham front door answers not ours, but Walsall front door
    Then Walsall front door is told once that Robin is missing
    And Birmingham front door is told once that Robin is missing

  @real
  Scenario: Asking for more time moves the ladder once, and not the time that was due
    Source: Barnardo's, Missing from care in Staffordshire, 2006, section 4.3.1; Homeward's catalogue, section 5

    Given it is Saturday 6 June 2026 at 02:00
    And Ned, 15, is looked after by Walsall and lives in The Limes
    When The Limes reports Ned missing
    And Staffordshire Police control room answers that it is acting
    And at 02:10 Walsall emergency duty team answers that it needs until Saturday 6 June 2026 at 03:00
    And it is Saturday 6 June 2026 at 02:59
    Then nothing has climbed
    And Walsall emergency duty team owes an answer by Saturday 6 June 2026 at 02:30
    When Walsall emergency duty team answers that it needs until Saturday 6 June 2026 at 05:00
    And it is Saturday 6 June 2026 at 03:01
    Then it has climbed to:
      | Walsall on-call manager |

  Scenario: A worker of the council who sits with the police answers for the council only
    Source: Ofsted, Missing children, 2013, paragraph 50

    Given it is Friday 27 March 2026 at 22:10
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And Walsall emergency duty team answers that it is acting
    Then an answer of Walsall emergency duty team is met
    And an answer of Staffordshire Police control room is open

  Scenario: Nobody answers for somebody else
    Source: Homeward's catalogue, section 3

    Given it is Thursday 26 March 2026 at 12:00
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And Stoke-on-Trent front door answers what was delivered to Walsall front door
    Then Stoke-on-Trent is refused with "not-your-delivery"
    And an answer of Walsall front door is open

  Scenario: What Homeward could not send in five minutes climbs at once, as Homeward's fault
    Source: Homeward's design, promise 7

    Given it is Friday 27 March 2026 at 22:10
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    And Homeward cannot reach Walsall
    When The Beeches reports Robin missing
    And Staffordshire Police control room answers that it is acting
    And 4 minutes pass
    Then nothing has climbed
    When 1 minute passes
    Then it has climbed to:
      | Walsall on-call manager |
    And an answer of Walsall emergency duty team was late by our fault

  Scenario: An outage of Homeward is not counted against who was to answer
    Source: Homeward's design, promise 7

    Given it is Thursday 26 March 2026 at 12:00
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    And Homeward can send nothing
    When The Beeches reports Robin missing
    And at 12:04 Homeward can send again
    Then Walsall front door owes an answer by Thursday 26 March 2026 at 12:34

  Scenario: The steps of a ladder keep their distance after the timekeeper was away
    Source: Homeward's design, section 3

    Given it is Friday 27 March 2026 at 22:10
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And Staffordshire Police control room answers that it is acting
    And the timekeeper is away for 3 hours
    Then it has climbed to:
      | Walsall on-call manager |
    When 15 minutes pass
    Then it has climbed to:
      | Walsall on-call manager           |
      | Staffordshire Police control room |

  @real
  Scenario: A check of which nobody ever sends anything is late by the clock, and climbs the same day
    Source: Ofsted, Missing children, 2013, paragraphs 69 and 71

    Given it is Saturday 4 April 2026 at 22:00
    And Oli, 15, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Oli missing
    And on Sunday 5 April 2026 at 14:00 The Beeches reports Oli back
    And it is Monday 6 April 2026 at 13:59
    Then the safe-and-well check of Staffordshire Police control room is open
    When it is Monday 6 April 2026 at 16:30
    Then the safe-and-well check of Staffordshire Police control room is late
    And the safe-and-well check has climbed to:
      | Staffordshire Police duty manager |
      | Walsall emergency duty team       |
