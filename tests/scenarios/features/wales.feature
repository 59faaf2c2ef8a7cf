Feature: Wales
  The council that is responsible decides by which nation's rules a child is told of and looked after.

  @real
  Scenario: The council is told at once at night, and what is not urgent waits for the working day
    Source: Gwent Missing Children Hub evaluation, 2015, paragraphs 3.6 and 3.58

    Given it is Saturday 2 May 2026 at 02:00
    And Bryn, 14, lives with family in Newport
    When Gwent Police reports Bryn missing
    Then these are told of Bryn:
      | Newport emergency duty team |
      | Newport front door          |
    And Newport emergency duty team owes an answer by Saturday 2 May 2026 at 02:30
    And Newport front door owes an answer by Tuesday 5 May 2026 at 09:00

  @real
  Scenario: A Welsh council decides on a debrief for every child, and has no 72 hours
    Source: Gwent Missing Children Hub evaluation, 2015, paragraphs 3.12 and 3.41; two working days are local

    Given it is Friday 1 May 2026 at 08:00
    And Cai, 14, is looked after by Newport and lives in Fern House
    When Fern House reports Cai missing
    And at 16:00 Fern House reports Cai back
    Then Newport return interview service owes a decision on a debrief by Wednesday 6 May 2026 at 24:00
    And nobody owes the offer of an interview
    When on Tuesday 5 May 2026 at 10:00 Newport return interview service sends a return interview outcome about Cai:
      | stage  | not-referred |
      | reason | low-risk     |
    Then a decision on a debrief of Newport return interview service is met

  Scenario: A child of a Welsh council who lives in England keeps the rules of Wales, and is looked for where it is
    Source: Homeward's catalogue, section 4

    Given it is Thursday 26 March 2026 at 12:00
    And Dai, 14, is looked after by Caerphilly and lives in The Limes
    When The Limes reports Dai missing
    Then Staffordshire Police control room is told that Dai is missing
    And Caerphilly front door is told that Dai is missing
    And Stoke-on-Trent front door is told that Dai is missing
    When at 20:00 The Limes reports Dai back
    Then nobody owes the offer of an interview
    And Caerphilly return interview service owes a decision on a debrief by Monday 30 March 2026 at 24:00

  Scenario: An absence from a home in Wales is told to the council in whose area the home is
    Source: Regulated Services (Wales) Regulations 2017, Schedule 3, paragraph 45

    Given it is Thursday 26 March 2026 at 12:00
    And Efa, 14, is looked after by Caerphilly and lives in Fern House
    When Fern House reports Efa absent
    Then these are told of Efa:
      | Caerphilly front door |
      | Newport front door    |
    And Fern House night staff owes a review of the absence by Thursday 26 March 2026 at 18:00

  Scenario: An absence with a stated concern is told to the police at once
    Source: Gwent Missing Children Hub evaluation, 2015, paragraphs 6.109 and 6.114

    Given it is Friday 1 May 2026 at 23:30
    And Ffion, 16, is looked after by Newport and lives in Fern House
    When Fern House reports Ffion absent
      | concern | With people she is not meant to be with |
    Then Gwent Police control room is told that Ffion is absent
