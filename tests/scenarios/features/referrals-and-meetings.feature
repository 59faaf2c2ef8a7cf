Feature: Referrals and meetings
  What agencies ask of each other about a child, and that the child's worker always hears of it.

  @real
  Scenario: A concern about a carer is referred to the allegations officer, who answers in a working day
    Source: Homeward's catalogue, sections 3 and 4; the working day is local

    Given it is Thursday 26 March 2026 at 12:00
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And at 18:00 The Beeches reports Robin back
    And on Friday 27 March 2026 at 10:00 Staffordshire Police sends a referral about Robin:
      | to                  | allegations-officer      |
      | concern about carer | yes                      |
      | reason              | A worker gives lifts     |
    Then Walsall allegations officer owes an answer to the referral by Monday 30 March 2026 at 24:00
    And Walsall social work is told "gives lifts"
    And The Beeches is never told "gives lifts"

  Scenario: Without consent a referral is on the record, and goes to no service
    Source: Gwent Missing Children Hub evaluation, 2015, paragraphs 3.33 and 3.35

    Given it is Thursday 26 March 2026 at 12:00
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And at 18:00 The Beeches reports Robin back
    And on Friday 27 March 2026 at 10:00 Walsall social work sends a referral about Robin:
      | to      | mediation                        |
      | service | Birmingham exploitation team     |
      | consent | no                               |
      | reason  | Rows at home                     |
    Then the message is accepted
    And Birmingham exploitation team is not told of Robin
    And nobody owes an answer to the referral

  Scenario: A worker may ask for a meeting about a child who was never missing
    Source: Ofsted, Missing children, 2013, paragraph 56; Staffordshire select committee, 2017, paragraph 40

    Given it is Thursday 16 July 2026 at 10:00
    And Val, 14, is looked after by Walsall and lives in The Beeches
    When Walsall social work sends a meeting request about Val:
      | type     | intervention                              |
      | why      | New and older friends                     |
      | convenor | Staffordshire Police missing persons unit |
    Then the message is accepted
    And Staffordshire Police missing persons unit is told "older friends"
    And Staffordshire Police missing persons unit owes the meeting by Thursday 23 July 2026 at 24:00

  @real
  Scenario: That a child was discussed is told to its worker, and the next meeting is held to its day
    Source: Ofsted, Missing children, 2013, paragraphs 52, 55 and 56

    Given it is Tuesday 14 July 2026 at 10:00
    And Una, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Una missing
    And at 18:00 The Beeches reports Una back
    And on Thursday 16 July 2026 at 12:00 Staffordshire Police sends a meeting outcome about Una:
      | type            | multi-agency-group             |
      | held            | yes                            |
      | summary         | A plan was agreed              |
      | next meeting at | Thursday 27 August 2026 at 24:00 |
    Then Walsall social work is told "A plan was agreed"
    And Staffordshire Police control room owes the next meeting by Thursday 27 August 2026 at 24:00

  Scenario: A home records that it told its regulator, and the child's worker hears of it
    Source: Children's Homes (England) Regulations 2015, regulation 40

    Given it is Thursday 26 March 2026 at 12:00
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And at 18:00 The Beeches sends a regulator notice about Robin:
      | regulator | ofsted               |
      | told at   | 17:45                |
      | about     | A child is missing   |
    Then the message is accepted
    And Walsall social work is told "A child is missing"
