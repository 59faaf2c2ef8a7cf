Feature: Across the border
  The council that looks after the child decides by which nation's rules it is placed; the home, what
  binds the home.

  @real
  Scenario: A child of an English council in a Welsh home keeps the law of England for its council
    Source: Homeward's catalogue, section 4; domain.md T1 and T3

    Given it is Thursday 26 March 2026 at 12:00
    And Eva, 12, is looked after by Herefordshire
    When Herefordshire gives notice of a planned placement of Eva in Wye Lodge from Monday 30 March 2026 at 12:00
      | distance    | adjoining           |
      | approved by | a nominated officer |
    Then these are told of Eva:
      | Monmouthshire placements team    |
      | Herefordshire reviewing officers |
      | Wye Lodge home manager           |
    And word of who approved the placement of Herefordshire placements team is met
    And notice of the placement of Herefordshire placements team is met

  Scenario: Regulation 41 does not bind a home in Wales, whose word is told all the same
    Source: domain.md T5; Children's Homes (England) Regulations 2015, regulation 41

    Given it is Thursday 26 March 2026 at 12:00
    And Eva, 12, is looked after by Herefordshire
    When Herefordshire gives notice of a planned placement of Eva in Wye Lodge from Monday 30 March 2026 at 12:00
    And on Wednesday 1 April 2026 at 12:00 Wye Lodge reports that Eva came on Monday 30 March 2026 at 12:00
    Then nobody ever owed word that the child came
    And Monmouthshire placements team is told that Eva is admitted
    And Monmouthshire placements team hears of Eva on local ground

  @real
  Scenario: A child of a Welsh council in an English home is approved by a panel, not by a director
    Source: Care Planning, Placement and Case Review (Wales) Regulations 2015, regulation 12, in excerpts; Homeward's catalogue, section 4

    Given it is Thursday 26 March 2026 at 12:00
    And Dai, 14, is looked after by Caerphilly
    When Caerphilly gives notice of a planned placement of Dai in The Limes from Monday 30 March 2026 at 12:00
      | approved by | the director |
    Then Caerphilly reviewing officers is told that Dai is placed without approval
    And Caerphilly placements team owes word of who approved the placement by Monday 30 March 2026 at 12:00
    When on Friday 27 March 2026 at 12:00 Caerphilly gives notice of a planned placement of Dai in The Limes from Monday 30 March 2026 at 12:00
      | approved by | a panel |
    Then word of who approved the placement of Caerphilly placements team is met

  Scenario: A home in England is bound by regulation 41, whichever council placed the child
    Source: domain.md T5; Children's Homes (England) Regulations 2015, regulation 41

    Given it is Thursday 26 March 2026 at 12:00
    And Dai, 14, is looked after by Caerphilly
    When Caerphilly gives notice of a planned placement of Dai in The Limes from Monday 30 March 2026 at 12:00
      | approved by | a panel |
    Then The Limes home manager owes word that the child came by Tuesday 31 March 2026 at 12:00
    And Stoke-on-Trent placements team owes an answer to the notice by Monday 30 March 2026 at 24:00
    And Stoke-on-Trent placements team hears of Dai on local ground
    When on Monday 30 March 2026 at 13:00 The Limes reports that Dai came on Monday 30 March 2026 at 12:00
    Then Stoke-on-Trent placements team hears of Dai by law

  Scenario: An emergency of a Welsh council has ten working days, where England has five
    Source: Placement of Children (Wales) Regulations 2007, regulation 6, since repealed: local

    Given it is Thursday 24 December 2026 at 18:10
    And Dai, 14, is looked after by Caerphilly
    And Eva, 12, is looked after by Walsall
    When The Limes reports that Dai came on Thursday 24 December 2026 at 17:00
    And The Limes reports that Eva came on Thursday 24 December 2026 at 17:00
    Then Caerphilly placements team owes notice of the placement by Tuesday 12 January 2027 at 24:00
    And Walsall placements team owes notice of the placement by Tuesday 5 January 2027 at 24:00
