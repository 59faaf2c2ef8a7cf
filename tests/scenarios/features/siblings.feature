Feature: Siblings
  Children who leave together are one incident, and as many absences as there are children.

  @real
  Scenario: When one of two siblings is back, the other is still missing
    Source: Ofsted, Missing children, 2013, paragraph 91

    Given it is Tuesday 9 June 2026 at 20:00
    And Robin, 15, is looked after by Walsall and lives in The Beeches
    And Wren, 12, is looked after by Walsall and lives in The Beeches
    When The Beeches reports these missing together:
      | Robin |
      | Wren  |
    Then there are 2 absences of 2 children
    When at 22:00 The Beeches reports Wren back
    Then the absence of Wren is returned
    And the absence of Robin is open
    And everyone who was told of Wren is told the end
    And nobody is now told of Robin
    And nobody owes a word on who the child is

  Scenario: A sibling who never left is taken back by the police, and the count is of those who went
    Source: Ofsted, Missing children, 2013, paragraphs 91 and 94

    Given it is Tuesday 9 June 2026 at 20:00
    And Ann, 9, lives with family in Kirklees
    And Bob, 12, lives with family in Kirklees
    And Cat, 15, lives with family in Kirklees
    When West Yorkshire Police reports these missing together:
      | Ann |
      | Bob |
      | Cat |
    And at 21:30 West Yorkshire Police cancels its report about Ann
    Then the absence of Ann is cancelled
    And the absence of Bob is open
    And the absence of Cat is open
    And everyone who was told of Ann is told the end
    And an answer of Kirklees front door about Ann is cancelled
    And Kirklees front door owes an answer about Bob by Wednesday 10 June 2026 at 09:00

  Scenario: One answer is for one child, not for the sibling
    Source: Ofsted, Missing children, 2013, paragraph 91

    Given it is Thursday 26 March 2026 at 12:00
    And Bob, 12, lives with family in Kirklees
    And Cat, 15, lives with family in Kirklees
    When West Yorkshire Police reports these missing together:
      | Bob |
      | Cat |
    And Kirklees front door answers that it is acting
    Then an answer of Kirklees front door about Cat is met
    And an answer of Kirklees front door about Bob is open

  Scenario: Siblings of whom one is looked after are told each by their own rules
    Source: Ofsted, Missing children, 2013, paragraphs 24 and 91

    Given it is Thursday 26 March 2026 at 12:00
    And Rex, 11, lives with family in Kirklees
    And Tia, 14, is looked after by Kirklees and lives in Moor View
    When West Yorkshire Police reports these missing together:
      | Rex |
      | Tia |
    Then these are told of Rex:
      | Kirklees front door |
    And these are told of Tia:
      | Kirklees front door        |
      | Kirklees social work       |
      | Kirklees reviewing officers |
      | Moor View home manager     |
