Feature: Profiles
  What is kept ready of a child goes to the police when the child is missing, and to nobody before.

  @real
  Scenario: A profile is told to nobody until the child is missing, and then to the police
    Source: Gwent Missing Children Hub evaluation, 2015, paragraphs 3.6 and 6.71; Homeward's catalogue, section 3

    Given it is Tuesday 10 February 2026 at 10:00
    And Yan, 12, is looked after by Walsall and lives in The Beeches
    When The Beeches sends a profile about Yan:
      | obtained at  | 10:00                                         |
      | description  | Tall, red hair, a green coat                  |
      | associates   |                                               |
      | none known   | associates, places, medical, risk-factors     |
    Then the message is accepted
    And nobody is told of Yan
    When on Sunday 1 March 2026 at 20:00 The Beeches reports Yan missing
    Then Staffordshire Police is told "a green coat"
    And Walsall is never told "a green coat"
    And Stoke-on-Trent is never told "a green coat"

  Scenario: A part that is asked for cannot be passed over in silence
    Source: Gwent Missing Children Hub evaluation, 2015, recommendation 6; Homeward's catalogue, section 3

    Given it is Tuesday 10 February 2026 at 10:00
    And Yan, 12, is looked after by Walsall and lives in The Beeches
    When The Beeches sends a profile about Yan:
      | obtained at | 10:00                                     |
      | description | left out                                  |
      | none known  | associates, places, medical, risk-factors |
    Then The Beeches is refused with "invalid"

  Scenario: What was obtained earlier does not take the place of what is newer
    Source: Gwent Missing Children Hub evaluation, 2015, paragraph 3.45 and recommendation 6

    Given it is Tuesday 10 February 2026 at 10:00
    And Yan, 12, is looked after by Walsall and lives in The Beeches
    When The Beeches sends a profile about Yan:
      | obtained at | 10:00                                     |
      | description | A green coat                              |
      | none known  | associates, places, medical, risk-factors |
    And 1 hour later The Beeches sends a profile about Yan:
      | obtained at | Monday 2 February 2026 at 10:00           |
      | description | A blue coat                               |
      | none known  | associates, places, medical, risk-factors |
    And on Sunday 1 March 2026 at 20:00 The Beeches reports Yan missing
    Then Staffordshire Police is told "A green coat"
