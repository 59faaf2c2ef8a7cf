Feature: Census
  Each side's own list of a period is compared with Homeward; nothing is merged silently.

  @real
  Scenario: A home returns six absences of which five are ours too, so that two are found and not none
    Source: Ofsted, Missing children, 2013, paragraph 81; the fifth working day is local

    Given it is Friday 10 April 2026 at 12:00
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    And Kit, 15, is looked after by Walsall and lives in The Beeches
    When on Saturday 11 April 2026 at 21:00 The Beeches reports Robin missing
    And on Sunday 12 April 2026 at 05:00 The Beeches reports Robin back
    And on Saturday 25 April 2026 at 21:00 The Beeches reports Robin missing again
    And on Sunday 26 April 2026 at 05:00 The Beeches reports Robin back
    And on Saturday 9 May 2026 at 21:00 The Beeches reports Robin missing again
    And on Sunday 10 May 2026 at 05:00 The Beeches reports Robin back
    And on Saturday 30 May 2026 at 21:00 The Beeches reports Robin missing again
    And on Sunday 31 May 2026 at 05:00 The Beeches reports Robin back
    And on Saturday 6 June 2026 at 21:00 The Beeches reports Robin missing again
    And on Sunday 7 June 2026 at 05:00 The Beeches reports Robin back
    And on Saturday 20 June 2026 at 21:00 Staffordshire Police reports Kit missing
    And on Sunday 21 June 2026 at 05:00 Staffordshire Police reports Kit back
    And it is Thursday 2 July 2026 at 10:00
    Then The Beeches home manager owes a census by Tuesday 7 July 2026 at 24:00
    And The Limes home manager owes a census by Tuesday 7 July 2026 at 24:00
    When The Beeches sends its census of "April to June 2026":
      | Robin/1 | Saturday 11 April 2026 at 21:00 | Sunday 12 April 2026 at 05:00 |
      | Robin/2 | Saturday 25 April 2026 at 21:00 | Sunday 26 April 2026 at 05:00 |
      | Robin/3 | Saturday 9 May 2026 at 21:00    | Sunday 10 May 2026 at 05:00   |
      | Robin/4 | Saturday 30 May 2026 at 21:00   | Sunday 31 May 2026 at 05:00   |
      | Robin/5 | Saturday 6 June 2026 at 21:00   | Sunday 7 June 2026 at 05:00   |
      | H-X     | Saturday 27 June 2026 at 21:00  | Sunday 28 June 2026 at 05:00  |
    Then The Beeches home manager is told of the census of The Beeches: 6 in it, 6 with Homeward, 5 on both sides, 1 only in the census, 1 only with Homeward
    And The Beeches home manager is told of these differences with The Beeches:
      | only-them | Saturday 27 June 2026 at 21:00 |  |
      | only-us   | Saturday 20 June 2026 at 21:00 |  |
    And Stoke-on-Trent performance team is told of the census of The Beeches: 6 in it, 6 with Homeward, 5 on both sides, 1 only in the census, 1 only with Homeward
    And a census of The Beeches home manager is met
    When it is Wednesday 8 July 2026 at 00:00
    Then a census of The Limes home manager is late

  @real
  Scenario: A police record names three siblings of whom one never left, and the census says why they differ
    Source: Ofsted, Missing children, 2013, paragraphs 91 and 92

    Given it is Tuesday 9 June 2026 at 20:00
    And Ann, 9, lives with family in Stoke-on-Trent
    And Ben, 12, lives with family in Stoke-on-Trent
    And Cat, 15, lives with family in Stoke-on-Trent
    When Staffordshire Police reports these missing together:
      | Ann |
      | Ben |
      | Cat |
    And at 21:30 Staffordshire Police cancels its report about Ann
    Then Stoke-on-Trent front door is told that Ann is taken back
    When on Wednesday 10 June 2026 at 05:00 Staffordshire Police reports Ben back
    And on Wednesday 10 June 2026 at 05:00 Staffordshire Police reports Cat back
    And on Thursday 2 July 2026 at 10:00 Staffordshire Police sends its census of "June 2026":
      | Ann/1 | Tuesday 9 June 2026 at 20:00 | Wednesday 10 June 2026 at 05:00 | Stoke-on-Trent |
      | Ben/1 | Tuesday 9 June 2026 at 20:00 | Wednesday 10 June 2026 at 05:00 | Stoke-on-Trent |
      | Cat/1 | Tuesday 9 June 2026 at 20:00 | Wednesday 10 June 2026 at 05:00 | Stoke-on-Trent |
    Then Staffordshire Police missing persons unit is told of the census of Staffordshire Police: 3 in it, 2 with Homeward, 2 on both sides, 1 only in the census, 0 only with Homeward
    And Staffordshire Police missing persons unit is told of these differences with Staffordshire Police:
      | only-them | Tuesday 9 June 2026 at 20:00 | cancelled-by-sender |
    And Stoke-on-Trent performance team is told "cancelled by their own message: 1."

  Scenario: A month without anybody is a return, and no return is none
    Source: Homeward's catalogue, section 5; Ofsted, Missing children, 2013, paragraph 92

    Given it is Wednesday 27 May 2026 at 12:00
    When it is Wednesday 3 June 2026 at 10:00
    Then Stoke-on-Trent performance team owes a census by Friday 5 June 2026 at 24:00
    When Stoke-on-Trent sends its census of "May 2026", with nobody in it
    Then Stoke-on-Trent performance team owed a census by Friday 5 June 2026 at 24:00, and it is met
    When it is Saturday 6 June 2026 at 00:00
    Then Walsall performance team owed a census by Friday 5 June 2026 at 24:00, and it is late
    And nobody is woken

  Scenario: One absence whose times and category differ is shown to both sides and changed on neither
    Source: Ofsted, Missing children, 2013, paragraph 92; Homeward's catalogue, section 7

    Given it is Tuesday 9 June 2026 at 21:00
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And on Wednesday 10 June 2026 at 05:00 The Beeches reports Robin back
    And on Thursday 2 July 2026 at 10:00 The Beeches sends its census of "April to June 2026":
      | Robin/1 | Tuesday 9 June 2026 at 21:40 | Wednesday 10 June 2026 at 05:10 | Stoke-on-Trent | absent |
    Then The Beeches home manager is told of these differences with The Beeches:
      | category, started-at | Tuesday 9 June 2026 at 21:40 |  |
    And the absence of Robin counts as missing
    And the absences of Robin are:
      | Tuesday 9 June 2026 at 21:00 | returned |
