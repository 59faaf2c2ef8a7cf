Feature: Bad input
  A bad message is answered with what is wrong, kept, and holds up nobody.

  @real
  Scenario: Bytes that are no message are refused, and the next message is taken
    Source: Homeward's design, section 3

    Given it is Friday 27 March 2026 at 22:10
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches writes "a note to the police", which is no message
    Then The Beeches is refused with "undecodable"
    When The Beeches reports Robin missing
    Then the message is accepted
    And Walsall emergency duty team is told that Robin is missing

  Scenario: An empty record is refused
    Source: Homeward's design, section 3

    Given it is Friday 27 March 2026 at 22:10
    When The Beeches writes an empty record
    Then The Beeches is refused with "empty"

  @real
  Scenario: Nobody speaks in another agency's name
    Source: Homeward's design, section 3: only that agency may write its outbox

    Given it is Friday 27 March 2026 at 22:10
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches writes a report of Robin in the name of Staffordshire Police
    Then The Beeches is refused with "not-your-topic" at "sender"
    And nobody is told of Robin
    And Staffordshire Police has no receipts

  Scenario: A council that does not exist is named in the refusal
    Source: Homeward's design, section 3

    Given it is Friday 27 March 2026 at 22:10
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
      | responsible authority | la.E99999999 |
    Then The Beeches is refused with "unknown-agency" at "responsible_authority"
    And nobody is told of Robin

  Scenario: An id that was used before cannot carry something else
    Source: Homeward's catalogue, section 2

    Given it is Friday 27 March 2026 at 22:10
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And The Beeches uses the id of its last message for another content
    Then The Beeches is refused with "id-reused" at "message_id"
    And there is 1 absence of 1 child

  @real
  Scenario: A change without a reason is refused, and what stood stands
    Source: Gwent Missing Children Hub evaluation, 2015, recommendation 6

    Given it is Friday 27 March 2026 at 22:10
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And at 22:30 The Beeches updates Robin:
      | risk   | high     |
      | reason | left out |
    Then The Beeches is refused with "reason-required" at "reason"
    And the risk of Robin stands at medium

  Scenario: A home cannot say what only the police can say
    Source: Homeward's catalogue, section 3

    Given it is Friday 27 March 2026 at 22:10
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And on Saturday 28 March 2026 at 06:00 The Beeches reports Robin back
    And at 07:00 The Beeches sends a safe-and-well outcome about Robin:
      | result | done |
    Then The Beeches is refused with "not-your-kind"
    And Staffordshire Police control room owes the safe-and-well check by Sunday 29 March 2026 at 07:00
