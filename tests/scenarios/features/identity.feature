Feature: Identity
  Two records are one child only on a ground; equal names are a suspicion, and nothing crosses.

  @real
  Scenario: Equal names and birth dates join nothing, and ask who the child is
    Source: Homeward's catalogue, section 2; two working days are local

    Given it is Thursday 26 March 2026 at 12:00
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    And Sam has the same name and birth date as Robin, and lives in The Limes
    When The Beeches reports Robin missing
      | police | not mentioned |
    And The Limes reports Sam missing
      | police                | not mentioned  |
      | knows only            | its own number |
    Then there are 2 absences of 2 children
    And The Limes night staff owes a word on who the child is by Monday 30 March 2026 at 24:00

  Scenario: Nothing of a child who is only suspected to be the same crosses to the other's council
    Source: Homeward's catalogue, section 2

    Given it is Thursday 26 March 2026 at 12:00
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    And Sam has the same name and birth date as Robin, and lives in The Limes
    And Sam is looked after by Stoke-on-Trent instead
    When The Beeches reports Robin missing
      | police | not mentioned |
    And The Limes reports Sam missing
      | police        | not mentioned          |
      | circumstances | Left by the back door  |
    Then Walsall front door is never told "back door"
    And Walsall social work is never told "back door"

  @real
  Scenario: A police reference that is given later joins the two reports and settles the question
    Source: Homeward's catalogue, section 2; Gwent Missing Children Hub evaluation, 2015, paragraph 6.71

    Given it is Friday 27 March 2026 at 22:10
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
      | police | not told yet |
    And at 22:30 Staffordshire Police reports Robin missing since Friday 27 March 2026 at 22:10
      | responsible authority | Walsall |
      | knows only            | its own number |
    Then there are 2 absences of 2 children
    When at 22:40 The Beeches gives the police reference of Robin
    Then there is 1 absence of 1 child
    And nobody owes a word on who the child is

  Scenario: The same NHS number and birth date are one child, whoever reports
    Source: Homeward's catalogue, section 2

    Given it is Thursday 26 March 2026 at 12:00
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    And Robin has the NHS number 9434765919
    When The Beeches reports Robin missing
      | police | not mentioned |
    And The Limes reports Robin missing
      | police | not mentioned |
    Then there is 1 absence of 1 child

  @real
  Scenario: The same NHS number with another birth date is never one child
    Source: Homeward's catalogue, section 2

    Given it is Thursday 26 March 2026 at 12:00
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    And Robin has the NHS number 9434765919
    And Kit, 12, is looked after by Stoke-on-Trent and lives in The Limes
    And Kit has the NHS number 9434765919
    When The Beeches reports Robin missing
    And The Limes reports Kit missing
    Then there are 2 absences of 2 children
    And The Limes night staff owes a word on who the child is by Monday 30 March 2026 at 24:00

  @real
  Scenario: The word of an agency that holds the child joins two records
    Source: Homeward's catalogue, section 2

    Given it is Thursday 26 March 2026 at 12:00
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    And Sam has the same name and birth date as Robin, and lives in The Limes
    When The Beeches reports Robin missing
      | police | not mentioned |
    And The Limes reports Sam missing
      | police     | not mentioned  |
      | knows only | its own number |
    And The Beeches states that Robin and Sam are one child
    Then there is 1 absence of 1 child
    And nobody owes a word on who the child is
    And Walsall social work is told "one"

  Scenario: The word that they are two settles the question too
    Source: Homeward's catalogue, section 2

    Given it is Thursday 26 March 2026 at 12:00
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    And Sam has the same name and birth date as Robin, and lives in The Limes
    When The Beeches reports Robin missing
      | police | not mentioned |
    And The Limes reports Sam missing
      | police     | not mentioned  |
      | knows only | its own number |
    And The Limes states that Robin and Sam are two children
    Then there are 2 absences of 2 children
    And nobody owes a word on who the child is

  Scenario: Who does not hold the child has no word in it
    Source: Homeward's catalogue, section 3

    Given it is Thursday 26 March 2026 at 12:00
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    And Sam has the same name and birth date as Robin, and lives in The Limes
    When The Beeches reports Robin missing
      | police | not mentioned |
    And The Limes reports Sam missing
      | police     | not mentioned  |
      | knows only | its own number |
    And Stoke-on-Trent states that Robin and Sam are one child
    Then Stoke-on-Trent is refused with "not-your-topic"
    And there are 2 absences of 2 children

  Scenario: An exercise never meets a real child
    Source: Homeward's design, section 5

    Given it is Thursday 26 March 2026 at 12:00
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And The Beeches reports Robin missing
      | exercise | yes |
    Then there are 2 absences of 2 children
    And nobody owes a word on who the child is

  @real
  Scenario: A police system that gives the absence a new number does not make it a second one
    Source: Staffordshire select committee, 2017, paragraphs 19 and 31; Gwent Missing Children Hub evaluation, 2015, paragraph 3.64

    Given it is Saturday 28 February 2026 at 23:00
    And Pat, 15, is looked after by Walsall and lives in The Beeches
    When Staffordshire Police reports Pat missing
      | responsible authority | Walsall |
    And at 23:20 The Beeches reports Pat missing since Saturday 28 February 2026 at 23:00
    And on Sunday 1 March 2026 at 10:00 Staffordshire Police reports Pat back
      | episode          | NEW-1 |
      | police reference | Pat/1 |
    Then there is 1 absence of 1 child
    And the absences of Pat are:
      | Saturday 28 February 2026 at 23:00 | returned |
    And Walsall social work is told of Pat in this order:
      | missing |
      | back    |
    And The Beeches has 1 receipt
    And Staffordshire Police has 2 receipts

  Scenario: An address that is protected is in nothing that anybody is sent
    Source: Homeward's catalogue, section 2

    Given it is Friday 27 March 2026 at 22:10
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
      | lives: address           | 1 Refuge Row |
      | lives: address protected | yes          |
    And 2 hours pass
    And on Saturday 28 March 2026 at 06:00 The Beeches reports Robin back
    Then nobody is ever told "Refuge Row"

  Scenario: Records that were joined wrongly are parted again, and whoever was told on the wrong ground hears it
    Source: Homeward's catalogue, section 2

    Given it is Thursday 26 March 2026 at 12:00
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    And Sam has the same name and birth date as Robin, and lives in The Limes
    And Sam is looked after by Birmingham instead
    When The Beeches reports Robin missing
      | police | not mentioned |
    And The Limes reports Sam missing
      | police     | not mentioned  |
      | knows only | its own number |
    And The Beeches states that Robin and Sam are one child
    Then there is 1 absence of 1 child
    When The Limes states that Robin and Sam are two children
    Then there are 2 absences of 2 children
