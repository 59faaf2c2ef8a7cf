Feature: Return interviews
  Somebody independent talks with every child who is back, within 72 hours, for every absence.

  @real
  Scenario: The 72 hours do not pause at Christmas, and a decline is told to those who work with the child
    Source: Staffordshire select committee, 2017, paragraphs 5, 22k and 27; Ofsted, Missing children, 2013, paragraph 38

    Given it is Wednesday 23 December 2026 at 21:00
    And Ada, 15, is looked after by Walsall and lives in Oak Lodge
    When Oak Lodge reports Ada missing
    And on Thursday 24 December 2026 at 22:30 Oak Lodge reports Ada back
    Then Walsall return interview service owes the offer of an interview by Sunday 27 December 2026 at 22:30
    And Walsall return interview service owes the interview by Sunday 27 December 2026 at 22:30
    When on Sunday 27 December 2026 at 10:00 Walsall return interview service sends a return interview outcome about Ada:
      | stage | declined |
    Then the offer of an interview of Walsall return interview service is met
    And nobody owes the interview
    And Staffordshire Police missing persons unit is now told that Ada is in an interview declined
    And Walsall social work is now told that Ada is in an interview declined
    And Walsall reviewing officers is now told that Ada is in an interview declined
    And Oak Lodge night staff is now told that Ada is in an interview declined

  @real
  Scenario: A talk with somebody who is not independent is recorded, and is not the interview
    Source: Ofsted, Missing children, 2013, paragraphs 37, 38, 45 and 47

    Given it is Friday 28 August 2026 at 10:00
    And Quinn, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Quinn missing
    And at 18:00 The Beeches reports Quinn back
    And on Saturday 29 August 2026 at 10:00 Walsall social work sends a return interview outcome about Quinn:
      | stage               | held       |
      | independent         | no         |
      | interviewer         | Key worker |
      | concern about carer | no         |
    Then Walsall return interview service owes the interview by Monday 31 August 2026 at 18:00
    When on Tuesday 1 September 2026 at 10:00 Walsall return interview service sends a return interview outcome about Quinn:
      | stage               | held |
      | independent         | yes  |
      | concern about carer | no   |
    Then the interview of Walsall return interview service is met late
    And the offer of an interview of Walsall return interview service is met late

  @real
  Scenario: With a concern about a carer the home gets nothing, and the allegations officer is told
    Source: Homeward's catalogue, section 4; Staffordshire select committee, 2017, paragraph 7

    Given it is Monday 1 June 2026 at 10:00
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And at 18:00 The Beeches reports Robin back
    And on Wednesday 3 June 2026 at 10:00 Walsall return interview service sends a return interview outcome about Robin:
      | stage               | held                      |
      | independent         | yes                       |
      | concern about carer | yes                       |
      | findings            | A worker sells cigarettes |
      | released to home    | Likes the garden          |
    Then Walsall allegations officer is told "sells cigarettes"
    And Walsall social work is told "sells cigarettes"
    And The Beeches is never told "sells cigarettes"
    And The Beeches is never told "Likes the garden"

  Scenario: A concern about a carer that was not ruled out is treated as one
    Source: Homeward's catalogue, section 4

    Given it is Monday 1 June 2026 at 10:00
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And at 18:00 The Beeches reports Robin back
    And on Wednesday 3 June 2026 at 10:00 Walsall return interview service sends a return interview outcome about Robin:
      | stage            | held             |
      | independent      | yes              |
      | findings         | Would not say    |
      | released to home | Likes the garden |
    Then The Beeches is never told "Likes the garden"
    And Walsall allegations officer is told "Would not say"

  @real
  Scenario: Findings go to social work, intelligence to the police, and to the home what is released
    Source: Staffordshire select committee, 2017, paragraph 7; Homeward's catalogue, section 4

    Given it is Monday 1 June 2026 at 10:00
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And at 18:00 The Beeches reports Robin back
    And on Wednesday 3 June 2026 at 10:00 Walsall return interview service sends a return interview outcome about Robin:
      | stage               | held                        |
      | independent         | yes                         |
      | concern about carer | no                          |
      | findings            | Wants to see the brother    |
      | intelligence        | Was driven in a silver car  |
      | released to home    | Likes the garden            |
    Then Walsall social work is told "see the brother"
    And Staffordshire Police is told "silver car"
    And Staffordshire Police is never told "see the brother"
    And The Beeches is told "Likes the garden"
    And The Beeches is never told "see the brother"
    And The Beeches is never told "silver car"
    And Walsall reviewing officers is never told "see the brother"

  Scenario: The outcome is shared with the worker in three working days; sharing it with the police is not that
    Source: Gwent Missing Children Hub evaluation, 2015, paragraphs 6.8 and 6.41; the three days are local

    Given it is Thursday 30 April 2026 at 12:00
    And Kai, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Kai missing
    And at 20:00 The Beeches reports Kai back
    And on Friday 1 May 2026 at 16:00 Walsall return interview service sends a return interview outcome about Kai:
      | stage               | held |
      | independent         | yes  |
      | concern about carer | no   |
    And at 16:30 Walsall return interview service sends a return interview outcome about Kai:
      | stage       | shared |
      | shared with | police |
    Then Walsall return interview service owes the sharing of the interview by Thursday 7 May 2026 at 24:00
    When on Tuesday 5 May 2026 at 10:00 Walsall return interview service sends a return interview outcome about Kai:
      | stage       | shared              |
      | shared with | social-work, police |
    Then the sharing of the interview of Walsall return interview service is met

  Scenario: Gone again before the interview supersedes it, and the next one is owed
    Source: Homeward's catalogue, section 5; Ofsted, Missing children, 2013, paragraph 43

    Given it is Monday 1 June 2026 at 10:00
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And at 18:00 The Beeches reports Robin back
    And on Tuesday 2 June 2026 at 20:00 The Beeches reports Robin missing again
    And on Wednesday 3 June 2026 at 08:00 The Beeches reports Robin back
    And Walsall return interview service sends a return interview outcome about Robin:
      | absence | 1          |
      | stage   | not-held   |
      | reason  | gone-again |
    Then Walsall return interview service owed the interview by Thursday 4 June 2026 at 18:00, and it is superseded
    And Walsall return interview service owes the interview by Saturday 6 June 2026 at 08:00

  Scenario: Not held needs a reason
    Source: Staffordshire select committee, 2017, paragraphs 22k and 27

    Given it is Monday 1 June 2026 at 10:00
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And at 18:00 The Beeches reports Robin back
    And on Wednesday 3 June 2026 at 10:00 Walsall return interview service sends a return interview outcome about Robin:
      | stage  | not-held |
      | reason | left out |
    Then Walsall is refused with "reason-required"
    And Walsall return interview service owes the interview by Thursday 4 June 2026 at 18:00

  Scenario: A fifth absence has an offer of its own, whatever was declined before
    Source: Ofsted, Missing children, 2013, paragraphs 43 and 45

    Given it is Monday 1 June 2026 at 10:00
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And at 18:00 The Beeches reports Robin back
    And at 19:00 Walsall return interview service sends a return interview outcome about Robin:
      | stage | declined |
    And on Tuesday 2 June 2026 at 20:00 The Beeches reports Robin missing again
    And on Wednesday 3 June 2026 at 08:00 The Beeches reports Robin back
    Then Walsall return interview service owes the offer of an interview by Saturday 6 June 2026 at 08:00

  @real
  Scenario: Three siblings are one incident, and three interviews
    Source: Ofsted, Missing children, 2013, paragraph 91 and box after paragraph 48

    Given it is Sunday 7 June 2026 at 20:00
    And Rex, born on 8 June 2015, lives with family in Kirklees
    And Sue, 9, lives with family in Kirklees
    And Tia, 14, lives with family in Kirklees
    When West Yorkshire Police reports these missing together:
      | Rex |
      | Sue |
      | Tia |
    And on Monday 8 June 2026 at 07:30 West Yorkshire Police reports Rex back
    And West Yorkshire Police reports Sue back
    And West Yorkshire Police reports Tia back
    Then Kirklees return interview service owes the offer of an interview about Rex by Thursday 11 June 2026 at 07:30
    And Kirklees return interview service owes the offer of an interview about Sue by Thursday 11 June 2026 at 07:30
    And Kirklees return interview service owes the offer of an interview about Tia by Thursday 11 June 2026 at 07:30

  Scenario: Somebody of eighteen is looked for by the police, and owed no interview as a child
    Source: Barnardo's, Missing from care in Staffordshire, 2006, appendix 1.6

    Given it is Friday 18 September 2026 at 09:00
    And Asa, born on 10 July 2008, lives with family in Coventry
    When West Midlands Police reports Asa missing
    And at 19:00 West Midlands Police reports Asa back
    Then the absence of Asa is returned
    And nobody owes the offer of an interview
    And nobody owes the interview

  Scenario: A return without a time starts no countdown for the interview
    Source: Homeward's catalogue, section 5

    Given it is Friday 27 March 2026 at 22:10
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And on Saturday 28 March 2026 at 09:00 The Beeches reports Robin back, at a time it does not know
    Then Walsall return interview service owes the offer of an interview, with no start recorded

  @real
  Scenario: A child of an English council who lives in Wales has the 72 hours
    Source: Gwent Missing Children Hub evaluation, 2015, paragraph 3.12; Homeward's catalogue, section 4

    Given it is Friday 2 October 2026 at 08:00
    And Gwen, 14, is looked after by Herefordshire and lives in Wye Lodge
    When Wye Lodge reports Gwen missing
    And at 18:00 Wye Lodge reports Gwen back
    Then Herefordshire return interview service owes the offer of an interview by Monday 5 October 2026 at 18:00

  Scenario: A talk of four days before the absence is not the interview of that absence
    Source: Barnardo's, Missing from care in Staffordshire, 2006, appendix 1.2

    Given it is Monday 20 July 2026 at 10:00
    And Jay, 14, is looked after by Walsall and lives in The Beeches
    When Walsall return interview service sends a return interview outcome about Jay:
      | stage               | held |
      | independent         | yes  |
      | concern about carer | no   |
    And on Friday 24 July 2026 at 10:00 The Beeches reports Jay missing
    And at 18:00 The Beeches reports Jay back
    Then Walsall return interview service owes the interview by Monday 27 July 2026 at 18:00

  Scenario: An interview may be held before the child is back, and meets what the return makes owed
    Source: Homeward's catalogue, sections 3 and 5

    Given it is Monday 1 June 2026 at 10:00
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And on Tuesday 2 June 2026 at 10:00 Walsall return interview service sends a return interview outcome about Robin:
      | stage               | held |
      | independent         | yes  |
      | concern about carer | no   |
    And at 18:00 The Beeches reports Robin back
    Then nobody owes the interview
    And nobody owes the offer of an interview

  Scenario: Seventy-two hours over the night in which clocks go forward are seventy-two hours
    Source: Homeward's catalogue, section 5: elapsed hours run on UTC

    Given it is Saturday 28 March 2026 at 12:00
    And Robin, 14, is looked after by Walsall and lives in The Beeches
    When The Beeches reports Robin missing
    And at 20:00 The Beeches reports Robin back
    Then Walsall return interview service owes the interview by Tuesday 31 March 2026 at 21:00
