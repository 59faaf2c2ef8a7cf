Feature: Subscriptions
  A council may ask to hear of placements; what it sees hangs on its tie to each child.

  @real
  Scenario: What is asked for waits for the operator, and then the register comes before the news
    Source: Homeward's catalogue, section 6; Staffordshire Select Committee, 2017, paragraphs 35 and 36

    Given it is Thursday 26 March 2026 at 12:00
    And Eva, 12, is looked after by Walsall
    And Max, 13, is looked after by Walsall
    And Joy, 9, is looked after by Walsall
    When Walsall gives notice of a planned placement of Eva in The Beeches from Monday 6 April 2026 at 12:00
    And Walsall gives notice of a planned placement of Max in The Beeches from Monday 30 March 2026 at 12:00
    And Stoke-on-Trent asks to hear of placements until 31 December 2026:
      | in | Stoke-on-Trent |
    Then the subscription of Stoke-on-Trent is requested
    And Stoke-on-Trent gets nothing by its subscription
    When at 14:00 the operator approves what Stoke-on-Trent asks for
    Then Stoke-on-Trent is told that the subscription of Stoke-on-Trent is approved
    And Stoke-on-Trent gets by its subscription:
      | Max | to be placed | full | register |
      | Eva | to be placed | full | register |
    When Walsall gives notice of a planned placement of Joy in The Limes from Tuesday 31 March 2026 at 12:00
    Then Stoke-on-Trent gets by its subscription:
      | Max | to be placed | full | register |
      | Eva | to be placed | full | register |
      | Joy | to be placed | full | news     |

  Scenario: A refusal is told with its reason, and nothing follows
    Source: Homeward's catalogue, section 6

    Given it is Thursday 26 March 2026 at 12:00
    And Eva, 12, is looked after by Walsall
    When Stoke-on-Trent asks to hear of placements until 31 December 2026:
      | in | Stoke-on-Trent |
    And the operator refuses what Stoke-on-Trent asks for because "No such legal basis"
    Then Stoke-on-Trent is told "No such legal basis"
    And the subscription of Stoke-on-Trent is refused
    When Walsall gives notice of a planned placement of Eva in The Beeches from Monday 30 March 2026 at 12:00
    Then Stoke-on-Trent gets nothing by its subscription

  @real
  Scenario: A council with no tie gets numbers: none under five, and none where one council placed them all
    Source: Homeward's catalogue, section 6

    Given it is Thursday 26 March 2026 at 12:00
    And Shropshire hears of placements by a subscription until 31 December 2026:
      | in | Stoke-on-Trent, Staffordshire, Coventry |
    When Walsall places 6 children in Stoke-on-Trent from Thursday 26 March 2026 at 13:00
    And Birmingham places 6 children in Stoke-on-Trent from Thursday 26 March 2026 at 13:00
    And Walsall places 2 children in Coventry from Thursday 26 March 2026 at 13:00
    And Birmingham places 2 children in Coventry from Thursday 26 March 2026 at 13:00
    And Walsall places 8 children in Staffordshire from Thursday 26 March 2026 at 13:00
    And it is Wednesday 1 April 2026 at 06:00
    Then Shropshire gets these numbers of "March 2026":
      | Stoke-on-Trent | 10     | 10     | hidden |
      | Coventry       | hidden | hidden | hidden |
      | Staffordshire  | hidden | hidden | hidden |
    And Shropshire gets nothing by its subscription
    And Shropshire is told of no child

  Scenario: A subscription that nobody confirms is suspended, and both sides are told
    Source: Homeward's catalogue, section 6

    Given it is Thursday 26 March 2026 at 12:00
    And The regional hub acts for Stoke-on-Trent by a recorded agreement until 31 December 2026
    And The regional hub hears of placements by a subscription until 30 June 2026:
      | in | Stoke-on-Trent |
    And Eva, 12, is looked after by Walsall
    When it is Sunday 31 May 2026 at 00:01
    Then The regional hub performance team owes a word that it is still needed by Tuesday 30 June 2026 at 24:00
    When it is Wednesday 1 July 2026 at 00:01
    Then a word that it is still needed of The regional hub performance team is late
    And the subscription of The regional hub is suspended
    And The regional hub is told that the subscription of The regional hub is suspended
    And Stoke-on-Trent is told that the subscription of The regional hub is suspended
    When on Wednesday 1 July 2026 at 10:00 Walsall gives notice of a planned placement of Eva in The Beeches from Monday 6 July 2026 at 12:00
    Then The regional hub gets nothing by its subscription
    When on Thursday 2 July 2026 at 10:00 The regional hub says that it still needs its subscription, until 31 December 2026
    And 1 second passes
    Then the subscription of The regional hub is approved
    And a word that it is still needed of The regional hub performance team is met late
    And The regional hub gets by its subscription:
      | Eva | to be placed | summary | register |

  Scenario: Whoever ends a subscription hears no more
    Source: Homeward's catalogue, section 6

    Given it is Thursday 26 March 2026 at 12:00
    And Stoke-on-Trent hears of placements by a subscription until 31 December 2026:
      | in | Stoke-on-Trent |
    And Eva, 12, is looked after by Walsall
    When at 13:00 Stoke-on-Trent ends its subscription
    And Walsall gives notice of a planned placement of Eva in The Beeches from Monday 30 March 2026 at 12:00
    Then the subscription of Stoke-on-Trent is ended
    And Stoke-on-Trent gets nothing by its subscription
    And Stoke-on-Trent placements team is told that Eva is to be placed

  @real
  Scenario: A filter that could single out a child is refused to a council with no tie to it
    Source: Homeward's catalogue, section 6

    Given it is Thursday 26 March 2026 at 12:00
    When Shropshire asks to hear of placements until 31 December 2026:
      | in    | Stoke-on-Trent |
      | homes | The Beeches    |
    Then Shropshire is refused with "singles-out" at "homes"
    When Shropshire asks to hear of placements until 31 December 2026:
      | in | Stoke-on-Trent |
      | by | Walsall        |
    Then Shropshire is refused with "singles-out" at "placed_by"
    When Shropshire asks to hear of placements until 27 March 2027:
      | in | Stoke-on-Trent |
    Then Shropshire is refused with "until-out-of-range" at "until"

  Scenario: A hub that acts for a council sees a summary of its children, without a name
    Source: Homeward's catalogue, section 6; Staffordshire Select Committee, 2017, paragraph 39

    Given it is Thursday 26 March 2026 at 12:00
    And Eva, 12, is looked after by Walsall
    And Max, 13, is looked after by Birmingham
    And The regional hub acts for Walsall by a recorded agreement until 31 December 2026
    And The regional hub hears of placements by a subscription until 30 November 2026:
      | in | Stoke-on-Trent |
    When Walsall gives notice of a planned placement of Eva in The Beeches from Monday 30 March 2026 at 12:00
      | address | 1 Example Road |
    And Birmingham gives notice of a planned placement of Max in The Beeches from Monday 30 March 2026 at 12:00
    Then The regional hub gets by its subscription:
      | Eva | to be placed | summary | news |
    And The regional hub is never told "Eva"
    And The regional hub is never told "1 Example Road"

  Scenario: A correction that ends the tie takes back what was said, and shows no more
    Source: Homeward's catalogue, section 6

    Given it is Thursday 26 March 2026 at 12:00
    And Stoke-on-Trent hears of placements by a subscription until 31 December 2026:
      | in | Stoke-on-Trent |
    And Eva, 12, is looked after by Walsall
    When Walsall gives notice of a planned placement of Eva in Stoke-on-Trent from Monday 30 March 2026 at 12:00
    And at 15:00 Walsall placements team corrects its notice of a placement about Eva:
      | host authority | Shropshire |
      | address        | 2 New Road |
    Then Stoke-on-Trent gets by its subscription:
      | Eva | to be placed | full | news |
      | Eva | taken back   | full | news |
    And Stoke-on-Trent is never told "2 New Road"
    And the register of Shropshire reads:
      | Eva | placed here by Walsall | a carer | Monday 30 March 2026 at 12:00 | planned | notice given |
