Feature: Moves while missing
  What the register knows of a child serves the search, and a move ends no absence.

  @real
  Scenario: The register knows what the police do not, so that officers, workers and the home are told
    Source: Ofsted, Missing children, 2013, paragraphs 24, 75 and 78; Homeward's catalogue, section 4

    Given it is Thursday 26 March 2026 at 12:00
    And Eva, 12, is looked after by Walsall
    And Eva has the NHS number 9990000018
    When Walsall gives notice of a planned placement of Eva in The Beeches from Thursday 26 March 2026 at 13:00
    And on Saturday 28 March 2026 at 12:00 Staffordshire Police reports Eva missing from Stoke-on-Trent, knowing nothing of care
    Then Walsall reviewing officers is now told that Eva is missing
    And Walsall social work is now told that Eva is missing
    And Walsall front door is now told that Eva is missing
    And Stoke-on-Trent front door is now told that Eva is missing
    And The Beeches night staff is now told that Eva is missing
    And Eva is missing in the register of Stoke-on-Trent, for the 1. time

  Scenario: Where the register and a report name two councils, both are told
    Source: Ofsted, Missing children, 2013, paragraph 79; Homeward's catalogue, section 4

    Given it is Thursday 26 March 2026 at 12:00
    And Eva, 12, is looked after by Walsall and lives in The Beeches
    When Walsall gives notice of a planned placement of Eva in The Beeches from Thursday 26 March 2026 at 13:00
    And on Friday 27 March 2026 at 12:00 The Beeches reports Eva missing
      | responsible authority | Birmingham |
    Then Walsall front door is now told that Eva is missing
    And Birmingham front door is now told that Eva is missing
    And Walsall front door owes a word on whose the child is by Tuesday 31 March 2026 at 24:00
    And Birmingham front door owes a word on whose the child is by Tuesday 31 March 2026 at 24:00

  Scenario: A notice that comes while the child is missing reaches those whom the report did not
    Source: Ofsted, Missing children, 2013, paragraphs 75 and 78

    Given it is Thursday 26 March 2026 at 12:00
    And Eva, 12, is looked after by Walsall
    And Eva has the NHS number 9990000018
    When Staffordshire Police reports Eva missing from Stoke-on-Trent, knowing nothing of care
    Then Walsall front door is not told of Eva
    When at 13:00 Walsall gives notice of a planned placement of Eva in The Beeches from Monday 2 March 2026 at 12:00
    Then Walsall front door is now told that Eva is missing
    And Walsall reviewing officers is now told that Eva is missing
    And Walsall front door is told of Eva in this order:
      | picture      |
      | missing      |
      | to be placed |
    And there is 1 absence of 1 child

  @real
  Scenario: A child who is moved while missing is one absence, and the new host is briefed before anything else
    Source: Ofsted, Missing children, 2013, paragraphs 72 and 79; Homeward's catalogue, section 4

    Given it is Thursday 26 March 2026 at 12:00
    And Eva, 12, is looked after by Walsall and lives in The Beeches
    When Walsall gives notice of a planned placement of Eva in The Beeches from Thursday 26 March 2026 at 13:00
    And on Monday 30 March 2026 at 20:00 The Beeches reports Eva missing
    And on Tuesday 31 March 2026 at 10:00 Walsall gives notice of a change of placement of Eva in Staffordshire from Tuesday 31 March 2026 at 10:00
      | carer | FC-9 |
    Then there is 1 absence of 1 child
    And the absence of Eva is open
    And Staffordshire front door is told of Eva in this order:
      | picture |
      | missing |
      | to move |
    And Stoke-on-Trent placements team is now told that Eva is to move
    When at 18:00 Walsall social work reports Eva back
    Then Staffordshire front door is told that Eva is back
    And these placements of Eva have ended:
      | The Beeches |

  Scenario: A trafficked child's absence goes on when its placement ends
    Source: Ofsted, Missing children, 2013, paragraphs 85 and 86; domain.md 2.3

    Given it is Thursday 1 October 2026 at 12:00
    And Abdi, 16, is looked after by West Northamptonshire and lives in Hill House
    And Abdi is unaccompanied and may have been trafficked
    When West Northamptonshire gives notice of a planned placement of Abdi in Hill House from Thursday 1 October 2026 at 15:00
      | risks | trafficking |
    And on Tuesday 3 November 2026 at 22:00 Hill House reports Abdi missing
    And on Friday 6 November 2026 at 10:00 West Northamptonshire gives notice that the placement of Abdi in Hill House from Thursday 1 October 2026 at 15:00 ended on Friday 6 November 2026 at 10:00
    Then the absence of Abdi goes on, though the placement ended on Friday 6 November 2026 at 10:00
    When on Saturday 14 November 2026 at 12:00 Essex Police adds about Abdi "Seen at a bus station"
    Then there is 1 absence of 1 child
    And West Northamptonshire social work is now told that Abdi is in the news
    When it is Monday 30 November 2026 at 12:00
    Then the absence of Abdi is open

  @real
  Scenario: The reviewing officers of the council that placed the child hear of every absence, and the host's of none
    Source: Ofsted, Missing children, 2013, paragraphs 24, 75 and 76

    Given it is Monday 3 August 2026 at 12:00
    And Mia, 13, is looked after by Westminster and lives in Oak Lodge
    When Westminster gives notice of a planned placement of Mia in Oak Lodge from Tuesday 4 August 2026 at 12:00
    And on Saturday 29 August 2026 at 22:00 Oak Lodge reports Mia missing
    And on Sunday 30 August 2026 at 09:00 Oak Lodge reports Mia back
    And at 21:00 Oak Lodge reports Mia missing again
    Then Westminster reviewing officers is told of Mia in this order:
      | in a change of placement |
      | missing                  |
      | back                     |
      | missing                  |
    And Staffordshire reviewing officers is not told of Mia
    And Westminster reviewing officers owes an answer to the alert by Tuesday 1 September 2026 at 24:00
    And the alerts to Westminster reviewing officers count these absences in 90 days:
      | placement-change | 0 |
      | missing          | 1 |
      | returned         | 1 |
      | missing          | 2 |
    And Mia is missing in the register of Staffordshire, for the 2. time

  Scenario: A placement that is taken back leaves nothing in an absence that it was known of in
    Source: Homeward's catalogue, section 2

    Given it is Thursday 26 March 2026 at 12:00
    And Eva, 12, is looked after by Walsall
    And Eva has the NHS number 9990000018
    When Walsall gives notice of a planned placement of Eva in The Beeches from Thursday 26 March 2026 at 13:00
    And on Saturday 28 March 2026 at 12:00 Staffordshire Police reports Eva missing from Stoke-on-Trent, knowing nothing of care
    And at 15:00 Walsall placements team cancels its notice of a placement about Eva
    Then the absence of Eva is open
    And nobody owes word that the child came
    And the register of Stoke-on-Trent is empty
