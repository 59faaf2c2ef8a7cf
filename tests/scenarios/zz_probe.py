import time
from tests.scenarios.test_attacks import *
from tests.scenarios.conftest import *
from tests.scenarios.people import *


def test_split(stage):
    play = stage()
    n = notification()
    play.say(n)
    a, b = child().references
    s = IdentityStatement(
        **envelope(HOME, "night-staff", FRIDAY_NIGHT), one=a, other=b, same=False, reason="-"
    )
    before = {ag: len(play.inbox(ag)) for ag in (WALSALL, STOKE, STAFFORDSHIRE_POLICE)}
    print(
        play.say(s).codes,
        [
            (g.address, g.message.KIND, getattr(g.message, "status", ""))
            for ag in before
            for g in play.inbox(ag)[before[ag] :]
        ],
    )
    print([(e.state.status, sorted(e.told)) for e in play.episodes()])
    play.say_now(
        update(
            n,
            sender=WALSALL,
            from_address=EDT,
            episode=None,
            child=child(references=(b,)),
            reason="x",
        )
    )
    print([(e.state.status, len(e.facts)) for e in play.episodes()])


def test_split2(stage):
    "police reported with the council's number; home splits"
    play = stage()
    n = notification()
    play.say(n)
    a, b = child().references
    play.say(
        notification(
            sender=STAFFORDSHIRE_POLICE,
            child=child(references=(b,)),
            police_report=None,
            episode="SP-2026-0815",
        )
    )
    s = IdentityStatement(
        **envelope(HOME, "night-staff", FRIDAY_NIGHT), one=a, other=b, same=False, reason="-"
    )
    before = {ag: len(play.inbox(ag)) for ag in (WALSALL, STOKE, STAFFORDSHIRE_POLICE)}
    print(
        play.say(s).codes,
        [
            (g.address, g.message.KIND, getattr(g.message, "status", ""))
            for ag in before
            for g in play.inbox(ag)[before[ag] :]
        ],
    )
    print([(e.state.status, sorted(e.told)) for e in play.episodes()])


def test_paper(stage):
    play = stage()
    n = notification(paper_form="x", risk="high")
    play.say(n)
    print("paper woken", play.woken(), play.standing())


def test_error(stage):
    play = stage()
    n = notification(police_report=None, episode=None)
    play.say(n)
    play.say(notification(sender=STAFFORDSHIRE_POLICE, police_report=None, episode="SP-1"))
    play.say_now(returned(n, at=BACK, outcome="reported-in-error"))
    print("error", play.state().status, play.standing())


def test_lead(stage):
    play = stage()
    n = notification()
    play.say(n)
    play.say_now(
        update(
            n, responsible_authority=BIRMINGHAM, lives=Residence(authority=BIRMINGHAM, home=HOME)
        )
    )
    print("lead", play.state().leads, [(g.address, g.view, g.rule) for g in play.news(WALSALL)])
    play.say_now(returned(n, at=BACK))
    print([(g.address, g.view, g.message.KIND) for g in play.news(WALSALL)][-2:])


def test_absent(stage):
    play = stage()
    play.say(notification(category="absent", review_at=FRIDAY_NIGHT + timedelta(days=9999)))
    print("absent", play.duties("review-absence"))


def test_insider_iro(stage):
    play, n = back(stage)
    known = child(references=child().references[1:])
    play.say(alert(BIRMINGHAM, BIRMINGHAM, BACK - timedelta(hours=1), child=known))
    play.say_now(
        checked(n, at=BACK + timedelta(hours=1), concern_about_carer="yes", concern_detail=SECRET)
    )
    print("insider", SECRET in seen_by(play, BIRMINGHAM), play.state().leads)


def test_flood(stage):
    for N in (50, 200, 400):
        play = stage()
        n = notification()
        play.say(n)
        ups = [
            update(n, at=FRIDAY_NIGHT + timedelta(seconds=i), facts="x" * 20000, reason="y" * 20000)
            for i in range(N)
        ]
        t = time.time()
        play.say(*ups)
        t1 = time.time() - t
        t = time.time()
        play.say(update(n, at=FRIDAY_NIGHT + timedelta(seconds=N + 1)))
        t2 = time.time() - t
        other = notification(
            child=child(references=(), given_name="A"), episode="Z-1", police_report=None
        )
        t = time.time()
        play.say(other)
        t3 = time.time() - t
        print("flood", N, round(t1, 2), round(t2, 3), "another child", round(t3, 3))


def test_flood_names(stage):
    for N in (50, 200, 400):
        play = stage()
        ms = [
            notification(
                child=child(
                    references=(Reference(holder=HOME, scheme="home-reference", value=f"X{i}"),)
                ),
                episode=f"X{i}",
                police_report=None,
                circumstances="x" * 20000,
            )
            for i in range(N)
        ]
        t = time.time()
        play.say(*ms)
        t1 = time.time() - t
        t = time.time()
        play.say(
            notification(
                sender=OTHER_HOME,
                from_address=f"{OTHER_HOME}/night-staff",
                child=child(references=()),
                episode="Z-1",
                police_report=None,
            )
        )
        t3 = time.time() - t
        print(
            "names",
            N,
            round(t1, 2),
            "the real one",
            round(t3, 3),
            len(play.duties("settle-identity")),
        )


def test_siblings(stage):
    play = stage()
    ms = [
        notification(
            child=child(
                references=(Reference(holder=HOME, scheme="home-reference", value=f"X{i}"),),
                given_name=f"N{i}",
            ),
            episode=f"X{i}",
            incident="I-1",
        )
        for i in range(300)
    ]
    t = time.time()
    o = play.say(*ms)
    print("siblings", round(time.time() - t, 2), o.deliveries, len(play.children()))


def test_home_back(stage):
    play = stage()
    n = notification()
    play.say(n)
    moved = {"lives": Residence(authority=BIRMINGHAM, home=OTHER_HOME)}
    play.say_now(update(n, sender=WALSALL, from_address=EDT, episode=None, **moved))
    play.say_now(
        update(
            n,
            at=FRIDAY_NIGHT + timedelta(hours=2),
            lives=Residence(authority=STOKE, home=HOME),
            reason="-",
        )
    )
    play.say_now(
        update(
            n,
            at=FRIDAY_NIGHT + timedelta(hours=3),
            sender=WALSALL,
            from_address=EDT,
            episode=None,
            facts=SECRET,
        )
    )
    print(
        "took back",
        play.state().home,
        SECRET in seen_by(play, HOME),
        OTHER_HOME in seen_by(play, HOME),
    )
