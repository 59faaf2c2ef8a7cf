Feature: Placements
  Where a looked-after child lives is told before it starts, to all whom the law names.

  @real
  Scenario: A placement in another council's area is told to that council before it starts
    Source: domain.md T1; Staffordshire Select Committee, 2017, paragraph 36; the two working days are local

    Given it is Thursday 26 March 2026 at 12:00
    And Eva, 12, is looked after by Walsall
    When Walsall gives notice of a planned placement of Eva in The Beeches from Monday 30 March 2026 at 12:00
    Then these are told of Eva:
      | Stoke-on-Trent placements team |
      | Walsall reviewing officers     |
      | The Beeches home manager       |
    And nobody is woken
    And The Beeches home manager sees no name of Eva
    And Walsall reviewing officers is told that Eva is in a change of placement
    And notice of the placement of Walsall placements team is met
    And Stoke-on-Trent placements team owes an answer to the notice by Monday 30 March 2026 at 24:00
    And Walsall reviewing officers owes an answer to the alert by Friday 27 March 2026 at 24:00
    When on Friday 27 March 2026 at 10:00 Stoke-on-Trent placements team answers that it is acting
    Then an answer to the notice of Stoke-on-Trent placements team is met

  Scenario: Before the start has no grace: a minute before is in time, at the start is late
    Source: domain.md T1; Homeward's catalogue, section 5

    Given it is Thursday 26 March 2026 at 12:00
    And Eva, 12, is looked after by Walsall
    And Max, 13, is looked after by Walsall
    When on Monday 30 March 2026 at 11:59 Walsall gives notice of a planned placement of Eva in The Beeches from Monday 30 March 2026 at 12:00
    And on Monday 30 March 2026 at 12:00 Walsall gives notice of a planned placement of Max in The Beeches from Monday 30 March 2026 at 12:00
    Then notice of the placement of Walsall placements team about Eva is met
    And notice of the placement of Walsall placements team about Max is met late

  Scenario: A plan that was told of only after the child came is late, though five working days had not passed
    Source: domain.md T1; Ofsted, Missing children, 2013, paragraph 78

    Given it is Thursday 26 March 2026 at 12:00
    And Eva, 12, is looked after by Walsall
    When The Beeches reports that Eva came
    Then Walsall placements team owes notice of the placement by Thursday 2 April 2026 at 24:00
    When on Friday 27 March 2026 at 09:00 Walsall gives notice of a planned placement of Eva in The Beeches from Thursday 26 March 2026 at 12:00
    Then Walsall placements team owed notice of the placement by Thursday 26 March 2026 at 12:00, and it is met late

  @real
  Scenario: An emergency over Easter has five working days from its start
    Source: domain.md T1; bank holidays of England and Wales, 2026

    Given it is Thursday 2 April 2026 at 17:00
    And Eva, 12, is looked after by Walsall
    And Max, 13, is looked after by Walsall
    When The Beeches reports that Eva came
    And The Beeches reports that Max came
    Then Walsall placements team owes notice of the placement about Eva by Monday 13 April 2026 at 24:00
    When on Monday 13 April 2026 at 23:00 Walsall gives notice of an emergency placement of Eva in The Beeches from Thursday 2 April 2026 at 17:00
    Then notice of the placement of Walsall placements team about Eva is met
    And nobody ever owed word of who approved the placement
    And notice of the placement has not climbed
    When it is Tuesday 14 April 2026 at 00:00
    Then notice of the placement of Walsall placements team about Max is late
    And notice of the placement has climbed to:
      | Walsall duty manager |
    When at 09:00 Walsall gives notice of an emergency placement of Max in The Beeches from Thursday 2 April 2026 at 17:00
    Then notice of the placement of Walsall placements team about Max is met late

  @real
  Scenario: A distant placement that the director has not approved is owed that, and the reviewing officers hear it
    Source: domain.md T3; Ofsted, Missing children, 2013, paragraph 57

    Given it is Monday 9 March 2026 at 12:00
    And Eva, 12, is looked after by Walsall
    When Walsall gives notice of a planned placement of Eva in The Beeches from Monday 16 March 2026 at 12:00
      | approved by | a nominated officer |
    Then Walsall reviewing officers is told that Eva is placed without approval
    And Walsall placements team owes word of who approved the placement by Monday 16 March 2026 at 12:00
    When it is Monday 16 March 2026 at 12:00
    Then word of who approved the placement of Walsall placements team is late
    When it is Saturday 21 March 2026 at 12:00
    Then word of who approved the placement has climbed to:
      | Walsall duty manager       |
      | Walsall head of service    |
      | Walsall reviewing officers |
    When on Monday 23 March 2026 at 09:00 Walsall gives notice of a planned placement of Eva in The Beeches from Monday 16 March 2026 at 12:00
      | approved by | the director |
    Then word of who approved the placement of Walsall placements team is met late
    And nobody is now woken

  Scenario: A director approves a distant placement after the host was consulted
    Source: domain.md T2 and T3

    Given it is Thursday 26 March 2026 at 12:00
    And Eva, 12, is looked after by Walsall
    When Walsall gives notice of a planned placement of Eva in The Beeches from Monday 30 March 2026 at 12:00
      | host consulted | Tuesday 24 March 2026 at 10:00 |
      | care plan sent | yes                            |
    Then word of who approved the placement of Walsall placements team is met
    And Walsall reviewing officers is not told that Eva is placed without approval
    And Stoke-on-Trent placements team is told "2026-03-24T10:00:00Z"

  Scenario: In an adjoining area a nominated officer is enough
    Source: domain.md T3

    Given it is Thursday 26 March 2026 at 12:00
    And Eva, 12, is looked after by Walsall
    When Walsall gives notice of a planned placement of Eva in Oak Lodge from Monday 30 March 2026 at 12:00
      | distance    | adjoining           |
      | approved by | a nominated officer |
    Then word of who approved the placement of Walsall placements team is met
    And Walsall reviewing officers is not told that Eva is placed without approval

  Scenario: A child who goes to a connected person needs no approval beforehand
    Source: domain.md T3; Care Planning, Placement and Case Review (England) Regulations 2010, regulation 11

    Given it is Thursday 26 March 2026 at 12:00
    And Eva, 12, is looked after by Walsall
    When Walsall gives notice of a planned placement of Eva in Stoke-on-Trent from Monday 30 March 2026 at 12:00
      | approved by | nobody: a connected person |
      | type        | U1                         |
    Then nobody ever owed word of who approved the placement
    And notice of the placement of Walsall placements team is met
    And Walsall reviewing officers is told that Eva is in a change of placement

  Scenario: A placement in the council's own area is in its register, and no notice is owed
    Source: domain.md T1; Homeward's catalogue, section 4

    Given it is Thursday 26 March 2026 at 12:00
    And Eva, 12, is looked after by Stoke-on-Trent
    When Stoke-on-Trent gives notice of a planned placement of Eva in The Beeches from Monday 30 March 2026 at 12:00
    Then these are told of Eva:
      | Stoke-on-Trent reviewing officers |
      | The Beeches home manager          |
    And nobody ever owed notice of the placement
    And nobody ever owed word that the child came
    And the register of Stoke-on-Trent reads:
      | Eva | own area | The Beeches | Monday 30 March 2026 at 12:00 | planned | notice given |

  @real
  Scenario: A foster carer in another area is known to the council that placed the child, and no home owes anything
    Source: domain.md T1; Homeward's catalogue, section 4

    Given it is Thursday 26 March 2026 at 12:00
    And Eva, 12, is looked after by Walsall
    When Walsall gives notice of a planned placement of Eva in Stoke-on-Trent from Monday 30 March 2026 at 12:00
      | carer | FC-9 |
      | type  | U6   |
    Then these are told of Eva:
      | Stoke-on-Trent placements team |
      | Walsall reviewing officers     |
    And nobody ever owed word that the child came
    And the register of Walsall reads:
      | Eva | placed in Stoke-on-Trent | a carer | Monday 30 March 2026 at 12:00 | planned | notice given |

  Scenario: An address that is protected reaches nobody, and the register knows the council all the same
    Source: Homeward's catalogue, section 2

    Given it is Thursday 26 March 2026 at 12:00
    And Eva, 12, is looked after by Walsall
    When Walsall gives notice of a planned placement of Eva in Stoke-on-Trent from Monday 30 March 2026 at 12:00
      | address           | 1 Secret Lane |
      | address protected | yes           |
    Then Stoke-on-Trent placements team is told that Eva is to be placed
    And Stoke-on-Trent is never told "Secret Lane"
    And the register of Stoke-on-Trent reads:
      | Eva | placed here by Walsall | a carer | Monday 30 March 2026 at 12:00 | planned | notice given |

  @real
  Scenario: The police of the area hear of an exploited, a missing and an unaccompanied child, and of no other
    Source: Homeward's catalogue, section 4; ADCS, Police force contacts and suggested items, 2018

    Given it is Thursday 26 March 2026 at 12:00
    And Eva, 15, is looked after by Walsall
    And Max, 14, is looked after by Walsall
    And Abdi, 16, is looked after by Walsall
    And Joy, 9, is looked after by Walsall
    When Walsall gives notice of a planned placement of Eva in The Beeches from Monday 30 March 2026 at 12:00
      | risks | sexual-exploitation |
    And Walsall gives notice of a planned placement of Max in The Beeches from Monday 30 March 2026 at 12:00
      | risks | missing-before |
    And Walsall gives notice of a planned placement of Abdi in The Beeches from Monday 30 March 2026 at 12:00
      | risks | unaccompanied |
    And Walsall gives notice of a planned placement of Joy in The Beeches from Monday 30 March 2026 at 12:00
      | risks | self-harm |
    Then Staffordshire Police missing persons unit is told that Eva is to be placed
    And Staffordshire Police missing persons unit is told that Max is to be placed
    And Staffordshire Police missing persons unit is told that Abdi is to be placed
    And Staffordshire Police missing persons unit is not told of Joy
    And Staffordshire Police missing persons unit is never woken

  Scenario: A child who moves to another home of the same area is one placement after the other
    Source: domain.md T4; Ofsted, Missing children, 2013, paragraph 72

    Given it is Monday 2 March 2026 at 12:00
    And Eva, 12, is looked after by Walsall
    When Walsall gives notice of a planned placement of Eva in The Beeches from Tuesday 3 March 2026 at 12:00
    And on Thursday 26 March 2026 at 12:00 Walsall gives notice of a change of placement of Eva in The Limes from Friday 27 March 2026 at 12:00
    Then notice of the end of the placement of Walsall placements team is met
    And Stoke-on-Trent placements team is told that Eva is to move
    And The Limes home manager is told that Eva is to move
    When it is Friday 27 March 2026 at 13:00
    Then the register of Stoke-on-Trent reads:
      | Eva | placed here by Walsall | The Limes | Friday 27 March 2026 at 12:00 | current | notice given |
    And these placements of Eva have ended:
      | The Beeches |

  @real
  Scenario: A notice that is taken back is taken back from all who had it, and nothing is owed
    Source: Homeward's catalogue, sections 2 and 5

    Given it is Thursday 26 March 2026 at 12:00
    And Eva, 12, is looked after by Walsall
    When Walsall gives notice of a planned placement of Eva in The Beeches from Monday 30 March 2026 at 12:00
    And at 15:00 Walsall placements team cancels its notice of a placement about Eva
    Then Stoke-on-Trent placements team is now told that Eva is taken back
    And The Beeches home manager is now told that Eva is taken back
    And nobody owes word that the child came
    And nobody owes an answer to the notice
    And nobody owes an answer to the alert
    And the register of Stoke-on-Trent is empty
    And the register of Walsall is empty

  Scenario: A start that is corrected to a day before the notice makes the notice late
    Source: domain.md T1; Homeward's catalogue, section 5

    Given it is Thursday 26 March 2026 at 12:00
    And Eva, 12, is looked after by Walsall
    When Walsall gives notice of a planned placement of Eva in The Beeches from Monday 30 March 2026 at 12:00
    Then Walsall placements team owed notice of the placement by Monday 30 March 2026 at 12:00, and it is met
    When at 16:00 Walsall placements team corrects its notice of a placement about Eva:
      | starts at | Wednesday 25 March 2026 at 18:00 |
    Then Walsall placements team owed notice of the placement by Wednesday 25 March 2026 at 18:00, and it is met late
    And the register of Stoke-on-Trent reads:
      | Eva | placed here by Walsall | The Beeches | Wednesday 25 March 2026 at 18:00 | current | notice given |

  Scenario: The end of a placement is told before it
    Source: domain.md T4

    Given it is Monday 2 March 2026 at 12:00
    And Eva, 12, is looked after by Walsall
    When Walsall gives notice of a planned placement of Eva in The Beeches from Tuesday 3 March 2026 at 12:00
    And on Thursday 26 March 2026 at 12:00 Walsall gives notice that the placement of Eva in The Beeches from Tuesday 3 March 2026 at 12:00 ends on Friday 27 March 2026 at 12:00
    Then Walsall placements team owed notice of the end of the placement by Friday 27 March 2026 at 12:00, and it is met
    And Stoke-on-Trent placements team is told that Eva is to leave
    And The Beeches home manager is told that Eva is to leave
    And Walsall reviewing officers is told twice that Eva is in a change of placement

  Scenario: An end at immediate risk is told within ten working days, over a bank holiday
    Source: domain.md T4; bank holidays of England and Wales, 2026

    Given it is Monday 2 March 2026 at 12:00
    And Eva, 12, is looked after by Walsall
    When Walsall gives notice of a planned placement of Eva in The Beeches from Tuesday 3 March 2026 at 12:00
    And on Friday 22 May 2026 at 21:00 The Beeches reports that Eva left
    Then Walsall placements team owes notice of the end of the placement by Monday 8 June 2026 at 24:00
    When on Monday 8 June 2026 at 16:00 Walsall gives notice that the placement of Eva in The Beeches from Tuesday 3 March 2026 at 12:00 ended on Friday 22 May 2026 at 21:00
      | immediate risk | yes |
    Then notice of the end of the placement of Walsall placements team is met

  @real
  Scenario: The distance must go with the two councils that are named
    Source: Homeward's catalogue, section 3; domain.md T3

    Given it is Thursday 26 March 2026 at 12:00
    And Eva, 12, is looked after by Walsall
    When Walsall gives notice of a planned placement of Eva in The Beeches from Monday 30 March 2026 at 12:00
      | distance | own-area |
    Then Walsall is refused with "wrong-distance" at "distance"
    When Walsall gives notice of a planned placement of Eva in Walsall from Monday 30 March 2026 at 12:00
      | distance | adjoining |
    Then Walsall is refused with "wrong-distance" at "distance"
    And nobody is told of Eva
    And the register of Walsall is empty

  Scenario: A notice without a word on risks is refused, and "none known" is a word
    Source: Staffordshire Select Committee, 2017, paragraph 22i

    Given it is Thursday 26 March 2026 at 12:00
    And Eva, 12, is looked after by Walsall
    When Walsall gives notice of a planned placement of Eva in The Beeches from Monday 30 March 2026 at 12:00
      | risks | not stated |
    Then Walsall is refused with "risk-block-required" at "risk"
    When Walsall gives notice of a planned placement of Eva in The Beeches from Monday 30 March 2026 at 12:00
      | risks | none known |
    Then the message is accepted
    And the register of Stoke-on-Trent knows these risks of Eva: "none-known"

  Scenario: A placement that ends before it starts is refused
    Source: Homeward's catalogue, section 3

    Given it is Thursday 26 March 2026 at 12:00
    And Eva, 12, is looked after by Walsall
    When Walsall gives notice that the placement of Eva in The Beeches from Monday 30 March 2026 at 12:00 ends on Sunday 29 March 2026 at 12:00
    Then Walsall is refused with "ends-before-start" at "ends_at"

  Scenario: A host cannot give notice for the council that looks after the child
    Source: domain.md T1

    Given it is Thursday 26 March 2026 at 12:00
    And Eva, 12, is looked after by Walsall
    When Stoke-on-Trent gives notice of a planned placement of Eva in The Beeches from Monday 30 March 2026 at 12:00
    Then Stoke-on-Trent is refused with "not-responsible" at "responsible_authority"
    And nobody is told of Eva

  Scenario: A placement is not withheld from a GP, who may be told later where it is not practicable
    Source: domain.md T1; Care Planning, Placement and Case Review (England) Regulations 2010, regulation 13

    Given it is Thursday 26 March 2026 at 12:00
    And Eva, 12, is looked after by Walsall
    When Walsall gives notice of a planned placement of Eva in The Beeches from Monday 30 March 2026 at 12:00
      | GP | withheld: At the wish of the carer |
    Then Walsall is refused with "may-not-be-withheld" at "told_outside"
    When Walsall gives notice of a planned placement of Eva in The Beeches from Monday 30 March 2026 at 12:00
      | GP | not-practicable |
    Then Walsall is refused with "incomplete" at "told_outside.reason"
    When Walsall gives notice of a planned placement of Eva in The Beeches from Monday 30 March 2026 at 12:00
      | GP | not-practicable: Not yet registered with one |
    Then the message is accepted

  Scenario: A council that was divided is refused by name, and one that only changed its code is understood
    Source: Ofsted, Missing children, 2013, Annex A; Homeward's catalogue, section 1

    Given it is Thursday 26 March 2026 at 12:00
    And Eva, 12, is looked after by Walsall
    When Walsall gives notice of a planned placement of Eva in Hill House from Monday 30 March 2026 at 12:00
      | host authority | la.E10000021 |
    Then Walsall is refused with "unknown-agency" at "host_authority"
    And Walsall is told "West Northamptonshire"
    When Walsall gives notice of a planned placement of Eva in Stoke-on-Trent from Monday 30 March 2026 at 12:00
      | host authority | la.E06000048 |
    Then the message is accepted
    And the register of Walsall reads:
      | Eva | placed in Northumberland | a carer | Monday 30 March 2026 at 12:00 | planned | notice given |

  Scenario: A host that was named by mistake hears that it was, and not where the child lives instead
    Source: domain.md T1; Homeward's catalogue, section 2

    Given it is Thursday 26 March 2026 at 12:00
    And Eva, 12, is looked after by Walsall
    When Walsall gives notice of a planned placement of Eva in Stoke-on-Trent from Monday 30 March 2026 at 12:00
    And at 15:00 Walsall placements team corrects its notice of a placement about Eva:
      | host authority | Staffordshire |
      | address        | 2 New Road    |
    Then Stoke-on-Trent placements team is now told that Eva is taken back
    And Stoke-on-Trent is never told "2 New Road"
    And Staffordshire placements team is told "2 New Road"
    And the register of Stoke-on-Trent is empty
