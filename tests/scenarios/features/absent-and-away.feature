Feature: Absent and away
  A child who is not where they should be is not always missing; but somebody looks at it again.

  Scenario: An absence is told to the lead council alone, and is looked at again after six hours
    Source: Homeward's catalogue, section 4; the six hours are local

    Given it is Thursday 26 March 2026 at 12:00
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin absent
    Then these are told of Robin:
      | Walsall front door |
    And The Beeches night staff owes a review of the absence by Thursday 26 March 2026 at 18:00
    And nobody is woken

  Scenario: An absence is looked at again when its sender says so
    Source: Homeward's catalogue, section 3

    Given it is Thursday 26 March 2026 at 12:00
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin absent
      | review at | 14:00 |
    Then The Beeches night staff owes a review of the absence by Thursday 26 March 2026 at 14:00

  @real
  Scenario: A child who is back before the hour at which the absence turns into more was never missing
    Source: Barnardo's, Missing from care in Staffordshire, 2006, sections 2.4 and 2.5

    Given it is Saturday 16 May 2026 at 23:00
    And Tam, born on 16 May 2012, is looked after by Staffordshire and lives in The Limes
    When The Limes reports Tam absent
      | review at | Sunday 17 May 2026 at 05:00 |
    And on Sunday 17 May 2026 at 04:40 The Limes reports Tam back
    And it is Monday 18 May 2026 at 12:00
    Then nobody is woken
    And nothing has climbed
    And nobody owes a review of the absence
    And Staffordshire Police control room is not told of Tam
    And the absence of Tam counts as absent
    And nobody ever owed the safe-and-well check

  Scenario: An absence that nobody looks at again climbs to the lead council
    Source: Barnardo's, Missing from care in Staffordshire, 2006, section 2.4; the ladder is local

    Given it is Saturday 16 May 2026 at 12:00
    And Tam, 14, is looked after by Staffordshire and lives in The Limes
    When The Limes reports Tam absent
    And it is Saturday 16 May 2026 at 18:00
    Then a review of the absence of The Limes night staff is late
    And a review of the absence has climbed to:
      | Staffordshire emergency duty team |

  @real
  Scenario: An absence that turns into a missing child is told to all who are told of a missing child
    Source: Barnardo's, Missing from care in Staffordshire, 2006, section 2.4

    Given it is Thursday 26 March 2026 at 12:00
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin absent
    And at 14:00 The Beeches says Robin is missing now because "Not at the friend's after all"
    Then a review of the absence of The Beeches night staff is met
    And these are told of Robin:
      | Staffordshire Police control room |
      | Walsall front door                |
      | Walsall social work               |
      | Walsall reviewing officers        |
      | Stoke-on-Trent front door         |
      | The Beeches home manager          |
    And Staffordshire Police control room owes an answer by Thursday 26 March 2026 at 14:30
    And Walsall front door owes an answer by Thursday 26 March 2026 at 14:30

  Scenario: A call with the word that was agreed for danger makes an absent child missing, at high risk
    Source: Ofsted, Missing children, 2013, box after paragraph 74

    Given it is Saturday 13 June 2026 at 00:30
    And Zed, 14, is looked after by Walsall and lives in Elm Court
    When Elm Court reports Zed absent
    And at 01:20 Elm Court updates Zed:
      | category         | missing                                |
      | risk             | high                                   |
      | immediate danger | yes                                    |
      | reason           | Rang with the word agreed for danger   |
    Then Greater Manchester Police control room owes an answer by Saturday 13 June 2026 at 01:30
    And Walsall emergency duty team owes an answer by Saturday 13 June 2026 at 01:30
    And the risk of Zed stands at high

  Scenario: A child who is away and whose whereabouts are known is not told to the police
    Source: Homeward's catalogue, section 4

    Given it is Thursday 26 March 2026 at 12:00
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin away
    Then these are told of Robin:
      | Walsall front door |
    And nobody owes an answer

  Scenario: A child who is away and in danger is told to the police
    Source: Homeward's catalogue, section 4; Gwent Missing Children Hub evaluation, 2015, paragraph 6.109

    Given it is Thursday 26 March 2026 at 12:00
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin away
      | immediate danger | yes |
    Then Staffordshire Police control room is told that Robin is away

  Scenario: The end of an absence is told to those who were told of it, and to no more
    Source: Homeward's catalogue, section 4

    Given it is Thursday 26 March 2026 at 12:00
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin absent
    And 2 hours later The Beeches reports Robin back
    Then Walsall front door is told that Robin is back
    And Staffordshire Police control room is not told of Robin
    And Stoke-on-Trent front door is not told of Robin
    And nobody ever owed the safe-and-well check

  Scenario: That the agreed word was used is enough: the word itself is never written
    Source: Ofsted, Missing children, 2013, box after paragraph 74

    Given it is Saturday 13 June 2026 at 00:30
    And Zed, 14, is looked after by Walsall and lives in Elm Court
    When Elm Court reports Zed absent
    And at 01:20 Elm Court updates Zed:
      | danger call | yes                |
      | reason      | Rang the home      |
    Then the absence of Zed counts as missing
    And the risk of Zed stands at high
    And Greater Manchester Police control room owes an answer by Saturday 13 June 2026 at 01:30
    And Walsall emergency duty team owes an answer by Saturday 13 June 2026 at 01:30

  Scenario: A child who was told to leave home is missing, and the front door sees that it did not run away
    Source: Ofsted, Missing children, 2013, paragraph 3; Barnardo's, Missing from care in Staffordshire, 2006, section 2.2

    Given it is Saturday 11 July 2026 at 12:00
    And Alf, 16, lives with family in Kirklees
    When West Yorkshire Police reports Alf missing
      | circumstance      | forced-to-leave |
      | whereabouts known | no              |
    Then Kirklees front door is told "forced-to-leave"
    And Kirklees emergency duty team owes an answer by Saturday 11 July 2026 at 12:30
