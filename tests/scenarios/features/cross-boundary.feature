Feature: Cross boundary
  Placed by one council, living in the area of another, last seen in a third: somebody leads.

  @real
  Scenario: A child last seen in a third area is looked for by the force there until another is acting
    Source: Ofsted, Missing children, 2013, paragraphs 78, 79, 80 and 84

    Given it is Saturday 12 September 2026 at 19:00
    And Abe, 16, is looked after by Greenwich and lives in Hill House
    And Abe is staying in Westminster
    When Hill House reports Abe missing since Saturday 12 September 2026 at 18:00
    Then these are told of Abe:
      | Metropolitan Police control room |
      | Greenwich emergency duty team    |
      | Greenwich front door             |
      | Greenwich social work            |
      | Greenwich reviewing officers     |
      | Coventry front door              |
      | Westminster front door           |
    And only these are woken:
      | Metropolitan Police control room |
      | Greenwich emergency duty team    |
    When at 19:10 Metropolitan Police control room answers not ours, but West Midlands Police control room
    Then West Midlands Police control room is now told that Abe is missing
    And an answer of Metropolitan Police control room is open
    When at 19:20 West Midlands Police control room answers not ours
    And 1 second passes
    Then Metropolitan Police control room owes an answer by Saturday 12 September 2026 at 19:30
    And an answer has climbed to:
      | Greenwich emergency duty team     |
      | Metropolitan Police duty manager  |
      | West Midlands Police duty manager |

  Scenario: The host of a placed child is told silently, and told the end
    Source: Ofsted, Missing children, 2013, paragraphs 78 and 79

    Given it is Friday 27 March 2026 at 22:10
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And on Saturday 28 March 2026 at 06:00 The Beeches reports Robin back
    Then Stoke-on-Trent front door is told of Robin in this order:
      | missing |
      | back    |
    And Stoke-on-Trent front door is never woken
    And Stoke-on-Trent emergency duty team is never woken

  Scenario: The force of the area where the child is found owes the check
    Source: Ofsted, Missing children, 2013, paragraphs 26 and 91; Homeward's catalogue, section 5

    Given it is Friday 27 March 2026 at 22:10
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And on Saturday 28 March 2026 at 10:00 Essex Police reports Robin found safe
      | place: authority | Essex    |
      | police reference | Robin/1  |
    Then Essex Police control room owes the safe-and-well check by Sunday 29 March 2026 at 11:00
    And there is 1 absence of 1 child

  @real
  Scenario: Where two reporters name two responsible councils, both are told until one is acting
    Source: Ofsted, Missing children, 2013, paragraph 79; Homeward's catalogue, section 4

    Given it is Thursday 26 March 2026 at 12:00
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And 10 minutes later Staffordshire Police reports Robin missing
      | responsible authority | Birmingham |
    Then Birmingham front door is told that Robin is missing
    And Walsall front door is told that Robin is missing
    And there is 1 absence of 1 child
    When Walsall front door answers that it is acting
    Then an answer of Walsall front door is met

  Scenario: A council that says whose child it is stays liable until that one is acting
    Source: Ofsted, Missing children, 2013, paragraph 79

    Given it is Thursday 26 March 2026 at 12:00
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And Staffordshire Police control room answers that it is acting
    And at 12:05 Walsall front door answers not ours, but Birmingham front door
    Then Birmingham front door is told that Robin is missing
    And Walsall front door owes an answer by Thursday 26 March 2026 at 12:30
    When at 12:10 Birmingham front door answers that it is acting
    Then an answer of Walsall front door is met
    When 3 hours pass
    Then nothing has climbed

  Scenario: A child placed across the border is told to the force and the council there
    Source: Gwent Missing Children Hub evaluation, 2015, paragraph 3.13; Ofsted, Missing children, 2013, paragraph 79

    Given it is Thursday 26 March 2026 at 12:00
    And Gwen, 14, is looked after by Herefordshire and lives in Wye Lodge
    When Wye Lodge reports Gwen missing
    Then these are told of Gwen:
      | Gwent Police control room        |
      | Herefordshire front door         |
      | Herefordshire social work        |
      | Herefordshire reviewing officers |
      | Monmouthshire front door         |
      | Wye Lodge home manager           |

  @real
  Scenario: A child whose placement changes while missing is one absence, and the new host is told what stands
    Source: Ofsted, Missing children, 2013, paragraphs 72 and 79

    Given it is Thursday 26 March 2026 at 12:00
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And on Friday 27 March 2026 at 10:00 Walsall social work updates Robin:
      | lives: authority | Coventry          |
      | lives: home      | Hill House        |
      | reason           | The placement ended |
    Then there is 1 absence of 1 child
    And Coventry front door is now told that Robin is in the news
    And Hill House home manager is now told that Robin is in the news
    And Stoke-on-Trent front door is now told that Robin is in the news
    When at 18:00 Walsall social work reports Robin back
    Then Coventry front door is told that Robin is back
    And Stoke-on-Trent front door is not told that Robin is back

  Scenario: Where reports name two councils, each is asked to settle it, and the acting one bears what follows
    Source: Ofsted, Missing children, 2013, paragraph 79; Homeward's catalogue, section 4

    Given it is Thursday 26 March 2026 at 12:00
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And 10 minutes later Staffordshire Police reports Robin missing since Thursday 26 March 2026 at 12:00
      | responsible authority | Birmingham |
    Then Walsall front door owes a word on whose the child is by Monday 30 March 2026 at 24:00
    And Birmingham front door owes a word on whose the child is by Monday 30 March 2026 at 24:00
    When at 12:20 Walsall front door answers that it is acting
    And at 18:00 The Beeches reports Robin back
    Then only these owe the offer of an interview:
      | Walsall return interview service |

  Scenario: A trafficked child's absence stays open when the placement ends, and a sighting elsewhere joins it
    Source: Ofsted, Missing children, 2013, paragraphs 85, 86 and 87

    Given it is Tuesday 3 November 2026 at 22:00
    And Abdi, 16, is looked after by West Northamptonshire and lives in Hill House
    And Abdi is unaccompanied and may have been trafficked
    When Hill House reports Abdi missing
    And on Friday 6 November 2026 at 10:00 West Northamptonshire social work updates Abdi:
      | lives: authority | West Northamptonshire |
      | lives: home      |                       |
      | reason           | The placement ended   |
    Then the absence of Abdi is open
    When on Saturday 14 November 2026 at 12:00 Essex Police adds about Abdi "Seen at a bus station"
    Then there is 1 absence of 1 child
    And the absence of Abdi is open
    And West Northamptonshire social work is now told that Abdi is in the news

  Scenario: Where the responsible council turns out to be another, what is owed passes to it
    Source: Ofsted, Missing children, 2013, paragraph 79; Homeward's catalogue, section 5

    Given it is Thursday 26 March 2026 at 12:00
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And at 18:00 The Beeches reports Robin back
    Then Walsall return interview service owes the interview by Sunday 29 March 2026 at 19:00
    When at 18:30 The Beeches corrects its report about Robin:
      | responsible authority | Birmingham |
    Then the interview of Walsall return interview service is transferred
    And Birmingham return interview service owes the interview by Sunday 29 March 2026 at 19:00
