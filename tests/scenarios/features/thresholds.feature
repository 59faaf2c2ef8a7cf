Feature: Thresholds
  So many absences in so many days, or one too long: what partners agreed locally, counted the same way
  whoever reports and whenever.

  Scenario: Ninety days are days in London, so that the last of December is not with the last of March
    Source: Staffordshire Select Committee, 2017, paragraphs 21a and 40; the ninety days are local

    Given it is Wednesday 31 December 2025 at 23:50
    And the local agreement "staffordshire-3-5-9" is in force
    And Dan, 14, is looked after by Staffordshire and lives in The Beeches
    When The Beeches reports Dan missing
    And on Thursday 1 January 2026 at 03:00 The Beeches reports Dan back
    And on Thursday 1 January 2026 at 23:50 The Beeches reports Dan missing again
    And on Friday 2 January 2026 at 03:00 The Beeches reports Dan back
    And on Tuesday 31 March 2026 at 23:50 The Beeches reports Dan missing again
    And on Wednesday 1 April 2026 at 03:00 The Beeches reports Dan back
    Then no threshold is reached
    And nobody ever owed the intervention meeting

  @real
  Scenario: A late report reaches the third absence for the day on which it was, and the later one joins it
    Source: Staffordshire Select Committee, 2017, paragraphs 21a and 40; five working days are local

    Given it is Wednesday 31 December 2025 at 23:50
    And the local agreement "staffordshire-3-5-9" is in force
    And Dan, 14, is looked after by Staffordshire and lives in The Beeches
    When The Beeches reports Dan missing
    And on Thursday 1 January 2026 at 03:00 The Beeches reports Dan back
    And on Thursday 1 January 2026 at 23:50 The Beeches reports Dan missing again
    And on Friday 2 January 2026 at 03:00 The Beeches reports Dan back
    And on Tuesday 31 March 2026 at 23:50 The Beeches reports Dan missing again
    And on Wednesday 1 April 2026 at 03:00 The Beeches reports Dan back
    And on Thursday 2 April 2026 at 10:00 The Beeches reports Dan missing again since Friday 20 March 2026 at 22:00
    Then "staffordshire-3-5-9" is reached on Friday 20 March 2026 at 22:00, as is known since Thursday 2 April 2026 at 10:00
    And "staffordshire-3-5-9" lists the absences from:
      | Wednesday 31 December 2025 at 23:50 |
      | Thursday 1 January 2026 at 23:50    |
      | Friday 20 March 2026 at 22:00       |
      | Tuesday 31 March 2026 at 23:50      |
    And these are told that "staffordshire-3-5-9" is reached:
      | Staffordshire social work                 |
      | Staffordshire front door                  |
      | Staffordshire reviewing officers          |
      | Stoke-on-Trent front door                 |
      | Staffordshire Police missing persons unit |
      | The Beeches home manager                  |
    And Staffordshire social work owed the intervention meeting by Friday 27 March 2026 at 24:00, and it is late
    And the intervention meeting of Staffordshire social work is late on arrival, with time until Monday 13 April 2026 at 24:00

  @real
  Scenario: A night is a night though the clocks went forward and it had six hours
    Source: Barnardo's, Missing from care, 2006, appendix A1.5

    Given it is Saturday 28 March 2026 at 23:30
    And the local agreement "birmingham-lamp" is in force
    And Xan, 12, is looked after by Birmingham and lives in The Limes
    And Zoe, 9, is looked after by Birmingham and lives in The Limes
    When The Limes reports Xan missing
    And The Limes reports Zoe missing
    And on Sunday 29 March 2026 at 06:30 The Limes reports Xan back
    And at 06:30 The Limes reports Zoe back
    Then "lamp" is reached by Xan and not by Zoe
    And "lamp" is reached on Sunday 29 March 2026 at 06:00, as is known since Sunday 29 March 2026 at 06:00
    And these are told that "lamp" is reached:
      | LAMP return interview service |
    And Birmingham return interview service owes the offer of an interview about Zoe by Wednesday 1 April 2026 at 06:30

  Scenario: Five in a month are counted across the end of a calendar month
    Source: Barnardo's, Missing from care, 2006, appendix A1.5; thirty days are local

    Given it is Wednesday 25 March 2026 at 10:00
    And the local agreement "birmingham-lamp" is in force
    And Yan, 15, is looked after by Birmingham and lives in The Limes
    When The Limes reports Yan missing
    And at 15:00 The Limes reports Yan back
    And on Friday 27 March 2026 at 10:00 The Limes reports Yan missing again
    And at 15:00 The Limes reports Yan back
    And on Thursday 2 April 2026 at 10:00 The Limes reports Yan missing again
    And at 15:00 The Limes reports Yan back
    And on Sunday 12 April 2026 at 10:00 The Limes reports Yan missing again
    And at 15:00 The Limes reports Yan back
    Then no threshold is reached
    When on Monday 20 April 2026 at 10:00 The Limes reports Yan missing again
    Then "lamp" counts five in the days from 22 March 2026 to 20 April 2026
    And "lamp" is reached on these grounds:
      | 5 in 30 days |

  Scenario: A home is counted by who lives there, also by a child who ran from school
    Source: Staffordshire Select Committee, 2017, paragraphs 37 and 38; the number and the ten days are local

    Given it is Monday 1 June 2026 at 10:00
    And the local agreement "staffordshire-visits" is in force
    And Fay, 14, is looked after by Staffordshire and lives in Oak Lodge
    And Gus, 15, is looked after by Staffordshire and lives in Oak Lodge
    And Kim, 13, is looked after by Walsall and lives in Oak Lodge
    When Oak Lodge reports Fay missing
    And at 15:00 Oak Lodge reports Fay back
    And on Wednesday 10 June 2026 at 10:00 Oak Lodge reports Gus missing
    And at 15:00 Oak Lodge reports Gus back
    And on Wednesday 17 June 2026 at 10:00 Oak Lodge reports Fay missing again
    And at 15:00 Oak Lodge reports Fay back
    And on Wednesday 24 June 2026 at 10:00 Oak Lodge reports Gus missing again
    And at 15:00 Oak Lodge reports Gus back
    Then no threshold is reached
    When on Tuesday 30 June 2026 at 14:00 Oak Lodge reports Kim missing
      | place: authority   | Staffordshire |
      | place: description | School        |
    Then "home-visits" counts five in the days from 1 June 2026 to 30 June 2026
    And Staffordshire front door owes the visit by Tuesday 14 July 2026 at 24:00
    And these are told that "home-visits" is reached:
      | Staffordshire front door                  |
      | Staffordshire Police missing persons unit |

  @real
  Scenario: An absence that the police cancel takes back what it had reached, from everyone who was told
    Source: Ofsted, Missing children, 2013, paragraph 91

    Given it is Monday 1 June 2026 at 10:00
    And the local agreement "staffordshire-3-5-9" is in force
    And Ann, 9, lives with family in Staffordshire
    When Staffordshire Police reports Ann missing
    And at 15:00 Staffordshire Police reports Ann back
    And on Friday 5 June 2026 at 10:00 Staffordshire Police reports Ann missing again
    And at 15:00 Staffordshire Police reports Ann back
    And on Tuesday 9 June 2026 at 18:00 Staffordshire Police reports Ann missing again
    Then Staffordshire social work owes the intervention meeting by Tuesday 16 June 2026 at 24:00
    When at 21:30 Staffordshire Police cancels its report about Ann
    Then Staffordshire social work is told of "staffordshire-3-5-9" in this order:
      | reached   |
      | withdrawn |
    And Staffordshire front door is told of "staffordshire-3-5-9" in this order:
      | reached   |
      | withdrawn |
    And Staffordshire Police missing persons unit is told of "staffordshire-3-5-9" in this order:
      | reached   |
      | withdrawn |
    And the intervention meeting of Staffordshire social work is cancelled
    And no threshold is reached

  Scenario: A second ground joins what was reached on the first, in one referral
    Source: Ofsted, Missing children, 2013, box after paragraph 57; 24 hours are local

    Given it is Sunday 1 February 2026 at 10:00
    And the local agreement "hertfordshire-group" is in force
    And Win, 15, lives with family in Staffordshire
    When Staffordshire Police reports Win missing
    And at 15:00 Staffordshire Police reports Win back
    And on Sunday 1 March 2026 at 10:00 Staffordshire Police reports Win missing again
    And at 15:00 Staffordshire Police reports Win back
    And on Tuesday 31 March 2026 at 23:40 Staffordshire Police reports Win missing again
    Then "action-group" is reached on Tuesday 31 March 2026 at 23:40, as is known since Tuesday 31 March 2026 at 23:40
    When on Thursday 2 April 2026 at 01:00 Staffordshire Police reports Win back
    Then "action-group" is reached once
    And "action-group" is reached on these grounds:
      | 3 in 90 days                  |
      | missing for more than 24 hours |
    And Staffordshire social work is told of "action-group" in this order:
      | reached |
      | joined  |

  @real
  Scenario: A report that is repeated, and one that joins an absence, reach nothing twice
    Source: Homeward's catalogue, section 2; Staffordshire Select Committee, 2017, paragraph 40

    Given it is Monday 1 June 2026 at 10:00
    And the local agreement "staffordshire-3-5-9" is in force
    And Dan, 14, is looked after by Staffordshire and lives in The Beeches
    When Staffordshire Police reports Dan missing
    And at 15:00 Staffordshire Police reports Dan back
    And on Tuesday 2 June 2026 at 10:00 Staffordshire Police reports Dan missing again
    And at 10:20 Staffordshire Police missing persons unit reports Dan missing since Tuesday 2 June 2026 at 10:00
    And Staffordshire Police sends its last message again
    And at 15:00 Staffordshire Police reports Dan back
    Then no threshold is reached
    And there are 2 absences of 1 child
    When on Wednesday 3 June 2026 at 10:00 Staffordshire Police reports Dan missing again
    And at 10:20 Staffordshire Police missing persons unit reports Dan missing since Wednesday 3 June 2026 at 10:00
    And Staffordshire Police sends its last message again
    Then "staffordshire-3-5-9" is reached once
    And Staffordshire social work is told of "staffordshire-3-5-9" in this order:
      | reached |

  Scenario: After the meeting was held and the count had fallen, the third absence is reached again
    Source: Staffordshire Select Committee, 2017, paragraph 40; that it is armed again is local

    Given it is Sunday 1 March 2026 at 10:00
    And the local agreement "staffordshire-3-5-9" is in force
    And Dan, 14, is looked after by Staffordshire and lives in The Beeches
    When The Beeches reports Dan missing
    And at 15:00 The Beeches reports Dan back
    And on Monday 2 March 2026 at 10:00 The Beeches reports Dan missing again
    And at 15:00 The Beeches reports Dan back
    And on Tuesday 3 March 2026 at 10:00 The Beeches reports Dan missing again
    And at 15:00 The Beeches reports Dan back
    Then Staffordshire social work owes the intervention meeting by Tuesday 10 March 2026 at 24:00
    When on Friday 6 March 2026 at 14:00 Staffordshire social work sends a meeting outcome about Dan:
      | type    | intervention |
      | held    | yes          |
      | episode | nothing      |
    Then the intervention meeting of Staffordshire social work is met
    When on Wednesday 1 July 2026 at 10:00 The Beeches reports Dan missing again
    And at 15:00 The Beeches reports Dan back
    And on Thursday 2 July 2026 at 10:00 The Beeches reports Dan missing again
    And at 15:00 The Beeches reports Dan back
    And on Friday 3 July 2026 at 10:00 The Beeches reports Dan missing again
    Then "staffordshire-3-5-9" is reached twice
    And Staffordshire social work owes the intervention meeting by Friday 10 July 2026 at 24:00

  Scenario: A foster carer is counted by the council's reference, across the children who live there
    Source: Staffordshire Select Committee, 2017, paragraph 37; the number and the ten days are local

    Given it is Friday 1 May 2026 at 10:00
    And the local agreement "staffordshire-visits" is in force
    And Pia, 14, is looked after by Staffordshire and lives in Stoke-on-Trent
    And Quin, 12, is looked after by Staffordshire and lives in Stoke-on-Trent
    When Staffordshire gives notice of a planned placement of Pia in Stoke-on-Trent from Saturday 2 May 2026 at 10:00
      | carer | FC-9 |
    And Staffordshire gives notice of a planned placement of Quin in Stoke-on-Trent from Saturday 2 May 2026 at 10:00
      | carer | FC-9 |
    And on Monday 1 June 2026 at 10:00 Staffordshire Police reports Pia missing
    And at 15:00 Staffordshire Police reports Pia back
    And on Wednesday 10 June 2026 at 10:00 Staffordshire Police reports Quin missing
    And at 15:00 Staffordshire Police reports Quin back
    Then no threshold is reached
    When on Wednesday 17 June 2026 at 10:00 Staffordshire Police reports Pia missing again
    Then "carer-visits" is reached on these grounds:
      | 3 in 30 days |
    And Staffordshire front door owes the visit by Wednesday 1 July 2026 at 24:00
