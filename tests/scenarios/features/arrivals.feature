Feature: Arrivals
  A home says at once who came and who left; a child whom nobody gave notice of is not invisible.

  @real
  Scenario: An emergency at Christmas is known from the home that evening, and its notice is due in January
    Source: Staffordshire Select Committee, 2017, paragraphs 22i and 36; domain.md T1 and T5

    Given it is Thursday 24 December 2026 at 18:10
    And Eva, 12, is looked after by Walsall
    When Oak Lodge reports that Eva came on Thursday 24 December 2026 at 17:00
    Then these are told of Eva:
      | Staffordshire placements team     |
      | Staffordshire emergency duty team |
      | Walsall placements team           |
      | Walsall emergency duty team       |
      | Walsall reviewing officers        |
    And nobody is woken
    And Walsall placements team owes notice of the placement by Tuesday 5 January 2027 at 24:00
    And the register of Staffordshire reads:
      | Eva | placed here by Walsall | Oak Lodge | Thursday 24 December 2026 at 17:00 | current | no notice |
    When on Monday 4 January 2027 at 12:00 Walsall gives notice of an emergency placement of Eva in Oak Lodge from Thursday 24 December 2026 at 17:00
      | distance | adjoining  |
      | risks    | not stated |
    Then Walsall is refused with "risk-block-required" at "risk"
    And notice of the placement of Walsall placements team is open
    When on Tuesday 5 January 2027 at 16:00 Walsall gives notice of an emergency placement of Eva in Oak Lodge from Thursday 24 December 2026 at 17:00
      | distance                | adjoining             |
      | risks                   | none known            |
      | legal status            | C2                    |
      | social worker: function | Children in care team |
    Then notice of the placement of Walsall placements team is met
    And the register of Staffordshire reads:
      | Eva | placed here by Walsall | Oak Lodge | Thursday 24 December 2026 at 17:00 | current | notice given |
    And the register of Staffordshire knows these risks of Eva: "none-known"

  @real
  Scenario: A home that does not say that the child came is late after a day, and the host hears it
    Source: domain.md T5; the 24 hours are local

    Given it is Thursday 26 March 2026 at 12:00
    And Eva, 12, is looked after by Walsall
    When Walsall gives notice of a planned placement of Eva in The Beeches from Monday 30 March 2026 at 12:00
    Then The Beeches home manager owes word that the child came by Tuesday 31 March 2026 at 12:00
    When it is Tuesday 31 March 2026 at 12:00
    Then word that the child came of The Beeches home manager is late
    And word that the child came has climbed to:
      | Stoke-on-Trent placements team |
    When it is Wednesday 1 April 2026 at 12:00
    Then word that the child came has climbed to:
      | Stoke-on-Trent placements team |
      | Walsall placements team        |
    When at 15:00 The Beeches reports that Eva came on Monday 30 March 2026 at 12:00
    Then word that the child came of The Beeches home manager is met late

  Scenario: A home that says it before the council does has said it
    Source: domain.md T5

    Given it is Thursday 26 March 2026 at 12:00
    And Eva, 12, is looked after by Walsall
    When at 14:00 The Beeches reports that Eva came on Thursday 26 March 2026 at 12:00
    Then Stoke-on-Trent placements team hears of Eva by law
    And word that the child came of The Beeches home manager is met
    When on Friday 27 March 2026 at 10:00 Walsall gives notice of an emergency placement of Eva in The Beeches from Thursday 26 March 2026 at 12:00
    Then word that the child came of The Beeches home manager is met
    And notice of the placement of Walsall placements team is met

  Scenario: A child who left without a word of the council is owed notice of the end in ten working days
    Source: domain.md T4 and T5

    Given it is Monday 2 March 2026 at 12:00
    And Eva, 12, is looked after by Walsall
    When Walsall gives notice of a planned placement of Eva in The Beeches from Tuesday 3 March 2026 at 12:00
    And on Thursday 26 March 2026 at 18:00 The Beeches reports that Eva left
    Then Stoke-on-Trent placements team is told that Eva is discharged
    And word that the child left of The Beeches home manager is met
    And Walsall placements team owes notice of the end of the placement by Monday 13 April 2026 at 24:00
    And the register of Stoke-on-Trent is empty

  Scenario: An arrival that leaves out what regulation 41 asks for is refused at that place
    Source: domain.md T5; Children's Homes (England) Regulations 2015, regulation 41

    Given it is Thursday 26 March 2026 at 12:00
    And Eva, 12, is looked after by Walsall
    When The Beeches reports that Eva came
      | section 20 or 21 |  |
    Then The Beeches is refused with "incomplete" at "section_20_or_21"
    When The Beeches reports that Eva came
      | care or supervision order |  |
    Then The Beeches is refused with "incomplete" at "care_or_supervision_order"
    When The Beeches reports that Eva came
      | education plan |  |
    Then The Beeches is refused with "incomplete" at "education_plan"
    When The Beeches reports that Eva came
      | education plan | not-known |
    Then the message is accepted

  @real
  Scenario: Two homes that say the same child lives with them are not settled by the later word
    Source: Homeward's catalogue, section 4

    Given it is Thursday 26 March 2026 at 12:00
    And Eva, 12, is looked after by Walsall
    When The Beeches reports that Eva came
    And at 14:00 The Limes reports that Eva came
    Then Walsall placements team owes a word on where the child lives by Monday 30 March 2026 at 24:00
    And the register of Stoke-on-Trent reads:
      | Eva | placed here by Walsall | The Beeches | Thursday 26 March 2026 at 12:00 | current | no notice |
      | Eva | placed here by Walsall | The Limes   | Thursday 26 March 2026 at 14:00 | current | no notice |
    When at 16:00 Walsall placements team answers that it is acting
    Then a word on where the child lives of Walsall placements team is met

  Scenario: Supported accommodation is asked for the same, on no ground of law
    Source: Homeward's catalogue, section 3; what binds supported accommodation has not been read

    Given it is Thursday 26 March 2026 at 12:00
    And Abdi, 16, is looked after by Walsall
    When The Beeches reports that Abdi came
      | setting | supported-accommodation |
    Then Stoke-on-Trent placements team is told that Abdi is admitted
    And Stoke-on-Trent placements team hears of Abdi on local ground
    And Walsall placements team owes notice of the placement by Thursday 2 April 2026 at 24:00

  Scenario: A home in the council's own area tells its council, and no host is to be told
    Source: domain.md T5

    Given it is Thursday 26 March 2026 at 12:00
    And Eva, 12, is looked after by Stoke-on-Trent
    When The Beeches reports that Eva came
    Then these are told of Eva:
      | Stoke-on-Trent placements team    |
      | Stoke-on-Trent reviewing officers |
    And nobody ever owed notice of the placement
    And nobody ever owed word that the child came
