Feature: Dead letters
  What was refused is somebody's to settle: its sender sends it again, or Homeward's operator sees to it.

  @real
  Scenario: Who was refused sends again under the same id, and owes nothing any more
    Source: Homeward's design, section 3: a bad message is answered, not dropped

    Given it is Friday 27 March 2026 at 22:10
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
      | responsible authority | la.E99999999 |
    Then The Beeches is refused with "unknown-agency" at "responsible_authority"
    And The Beeches night staff owes the message to be sent again by Saturday 28 March 2026 at 00:10
    When at 22:25 The Beeches sends its refused message again, naming Walsall
    Then the message is accepted
    And Walsall emergency duty team is told that Robin is missing
    And the message to be sent again of The Beeches night staff is met
    And nothing that was refused is open

  @real
  Scenario: An operator repairs a report the same night, and those who must know are woken
    Source: Homeward's design, section 3: the bytes are kept for an operator to repair and replay

    Given it is Friday 27 March 2026 at 22:10
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
      | responsible authority | la.E99999999 |
    And at 23:00 the operator repairs what The Beeches was refused, naming Walsall
    Then nobody is told of Robin
    When at 23:05 the operator replays what was refused
    Then Walsall emergency duty team is told that Robin is missing
    And The Beeches is told "corrected it before it was accepted (responsible_authority)"
    And the absence of Robin is open
    And nothing that was refused is open

  @real
  Scenario: A report that is replayed when the child is back wakes nobody, and starts no clock anew
    Source: Homeward's design, promises 4, 5 and 7

    Given it is Friday 27 March 2026 at 22:10
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
      | responsible authority | la.E99999999 |
    And on Saturday 28 March 2026 at 06:00 The Beeches reports Robin back
    And on Monday 30 March 2026 at 10:00 the operator repairs what The Beeches was refused, naming Walsall
    And at 10:05 the operator replays what was refused
    Then the absence of Robin is returned
    And nobody is woken
    And Walsall front door is told of Robin in this order:
      | missing |
      | back    |
    And Walsall return interview service owes the interview by Tuesday 31 March 2026 at 07:00
    And nobody owes an answer

  Scenario: What is dropped is owed by nobody, and is never told
    Source: Homeward's design, section 3

    Given it is Friday 27 March 2026 at 22:10
    When The Beeches writes "a test", which is no message
    Then The Beeches night staff owes the message to be sent again by Saturday 28 March 2026 at 00:10
    When at 22:30 the operator drops what The Beeches was refused
    Then nobody owes the message to be sent again
    And nothing that was refused is open
