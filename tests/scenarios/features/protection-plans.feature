Feature: Protection plans
  When a child on a child protection plan is missing, the authority that holds the plan is told:
  the social worker and the chair.

  @real
  Scenario: The chair of the council that holds the plan is told, not the chair of where the child stays
    Source: Ofsted, Missing children, 2013, paragraph 24

    Given it is Monday 6 July 2026 at 19:00
    And Nia, 10, lives with family in Kirklees
    And Nia is staying in Wakefield
    And Nia is on a child protection plan of Kirklees
    When West Yorkshire Police reports Nia missing
    Then these are told of Nia:
      | Kirklees emergency duty team    |
      | Kirklees front door             |
      | Kirklees social work            |
      | Kirklees child protection chair |
      | Wakefield front door            |
    And only these are woken:
      | Kirklees emergency duty team |

  Scenario: The chair is told the end too
    Source: Ofsted, Missing children, 2013, paragraph 24

    Given it is Monday 6 July 2026 at 19:00
    And Nia, 10, lives with family in Kirklees
    And Nia is on a child protection plan of Kirklees
    When West Yorkshire Police reports Nia missing
    And on Thursday 9 July 2026 at 15:00 West Yorkshire Police reports Nia back
    Then Kirklees child protection chair is told of Nia in this order:
      | missing |
      | back    |
    And everyone who was told of Nia is told the end

  Scenario: A plan that another council holds is told to that council, beside the lead council
    Source: Ofsted, Missing children, 2013, paragraph 24

    Given it is Thursday 26 March 2026 at 12:00
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    And Robin is on a child protection plan of Staffordshire
    When The Beeches reports Robin missing
    Then these are told of Robin:
      | Staffordshire Police control room    |
      | Walsall front door                   |
      | Walsall social work                  |
      | Walsall reviewing officers           |
      | Stoke-on-Trent front door            |
      | The Beeches home manager             |
      | Staffordshire child protection chair |
      | Staffordshire social work            |

  Scenario: A plan that is only learnt of later is told to its chair then, silently
    Source: Ofsted, Missing children, 2013, paragraph 24

    Given it is Thursday 26 March 2026 at 12:00
    And Leo, 15, lives with family in Kirklees
    When West Yorkshire Police reports Leo missing
    And 1 hour later Kirklees front door reports Leo missing since Thursday 26 March 2026 at 12:00
      | protection plan | Kirklees |
    Then there is 1 absence of 1 child
    And Kirklees child protection chair is told that Leo is missing
    And West Yorkshire Police control room does not owe an answer
    And nobody is now woken

  @real
  Scenario: A child taken into care while missing has a reviewing officer from then on, who is told
    Source: Ofsted, Missing children, 2013, paragraph 24

    Given it is Monday 6 July 2026 at 19:00
    And Nia, 10, lives with family in Kirklees
    And Nia is on a child protection plan of Kirklees
    When West Yorkshire Police reports Nia missing
    Then Kirklees reviewing officers is not told of Nia
    When on Wednesday 8 July 2026 at 11:00 Kirklees social work updates Nia:
      | care status           | looked-after             |
      | responsible authority | Kirklees                 |
      | reason                | An interim care order    |
    Then Kirklees reviewing officers is now told that Nia is missing
    And Kirklees reviewing officers owes an answer to the alert by Thursday 9 July 2026 at 24:00
    When on Thursday 9 July 2026 at 15:00 West Yorkshire Police reports Nia back
    Then Kirklees child protection chair is now told that Nia is back
    And Kirklees reviewing officers is now told that Nia is back
