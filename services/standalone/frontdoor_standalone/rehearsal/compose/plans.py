"""Plans, early help, flags, services, and who works with and lives with a child."""

from collections.abc import Mapping
from typing import Any

from frontdoor_schemas.vocabulary import EventType
from frontdoor_standalone.rehearsal.compose.event import Event, Writer, present


def _status(event: Event) -> dict[str, Any]:
    status = event.post.code or "started"
    found: dict[str, Any] = {
        "plan_type": "child_protection",
        "from_status": "none" if status == "started" else "started",
        "to_status": status,
        "changed_at": event.now,
        "reason": event.post.reason or "Meals and sleep have not changed for three months",
        "category_primary": "neglect",
        "members": list(event.post.members),
    }
    return present(found | (_step_down(event) if status == "ended" else {}))


def _step_down(event: Event) -> dict[str, Any]:
    return {
        "step_down_plan": "The school and the health visitor go on as they do now",
        "monitored_by": next(iter(event.post.asked), None),
        "monitor_until": event.day(90),
        "return_trigger": "Two mornings without breakfast in a week",
    }


def _items(event: Event) -> list[dict[str, Any]]:
    return [
        {
            "about": [ref],
            "id": f"{number}",
            "need": "Regular meals",
            "outcome_for_child": "Eats breakfast every day",
            "action": "Breakfast at home, and at school on Mondays",
            "owner": event.post.from_,
            "how_the_parent_does_it": "Shops on Fridays with the support worker",
            "due": event.day(28),
            "priority": "high",
            "status": "open",
            "measure": "days with breakfast in a week",
            "baseline": "2",
            "target": "7",
            "target_date": event.day(28),
            "consequence_if_no_change": "A conference is called",
            "action_if_risk_rises": "A strategy discussion on the same day",
        }
        for number, ref in enumerate(event.children, 1)
    ]


def _update(event: Event) -> dict[str, Any]:
    found = {
        "plan_type": event.post.code or "child_protection",
        "version": 2,
        "updated_at": event.now,
        "what_changed": event.post.reason or "Meals come first",
        "members": list(event.post.members),
        "plan_items": _items(event),
        "milestones": [{"about": event.children, "what": "Four weeks of meals", "due": event.day(28), "status": "open"}],
        "next_review_date": event.day(42),
        "lead_worker": event.worker("social worker"),
    }
    return present(found)


def _early_help(event: Event) -> dict[str, Any]:
    stage = event.post.code or "outcome"
    found: dict[str, Any] = {
        "stage": stage,
        "assessment_type": "early_help_assessment",
        "lead_professional": event.worker("family worker"),
        "team": list(event.post.members),
        "invited": list(event.post.asked),
        "consent": {"status": "given", "given_by": "a parent", "at": event.at(days=-14)},
        "needs": [{"about": [ref], "need": "Regular meals", "service": "family support"} for ref in event.children],
        "adult_links": [{"about": [ref], "service": "probation"} for ref in event.adults],
    }
    if stage != "started":
        found |= {
            "outcome": event.post.reason or "Family support for three months",
            "result": "some_needs_met" if stage == "closed" else None,
            "next_steps": "Visits twice a week",
            "escalate_to_social_care": "no",
            "information_used_from": ["school", "health visiting"],
            "plan_items": _items(event),
            "review_date": event.day(42),
            "tool_results_before": [{"about": event.children, "tool": "Change Tracker", "total": "34", "on": event.day(-14)}],
            "tool_results_after": [{"about": event.children, "tool": "Change Tracker", "total": "21", "on": event.day()}],
        }
    return present(found)


def _flag(event: Event) -> dict[str, Any]:
    return {
        "about": event.children,
        "flag": "early_help",
        "action": event.post.code or "set",
        "on": "child",
        "in_force_from": event.day(),
        "reason": event.post.reason or "An early-help episode began",
        "system": "police records",
    }


def _involvement(event: Event) -> dict[str, Any]:
    return {"about": event.everybody}


def _moved(event: Event) -> dict[str, Any]:
    return {
        "about": event.children,
        "moved": [event.post.code or "area"],
        "from_authority": "Lantern District",
        "to_authority": "Harbour District",
        "temporary": "no",
        "effective_at": event.now,
        "reason": event.post.reason or "The tenancy ended",
        "open_plans": ["child_in_need"],
        "records_transferred_at": event.at(days=1),
        "former_worker_stays": "yes",
        "former_worker": event.worker("health visitor"),
        "safeguarding_summary_offered": "yes",
        "safeguarding_summary": "Two years of missed meals and of help that ended too early",
    }


def _household(event: Event) -> dict[str, Any]:
    return {
        "about": event.adults or event.children,
        "change": event.post.code or "joined",
        "changed_on": event.day(-7),
        "known_from": "seen at a home visit",
        "told_by_the_family": "no",
        "what_it_means": event.post.reason or "Nobody knows yet who this is to the children",
    }


def _service(event: Event) -> dict[str, Any]:
    stage = event.post.code or "requested"
    reached = ("requested", "accepted", "offered", "started").index(stage) if stage != "declined" else 0
    times = [("requested_at", -28), ("accepted_at", -21), ("offered_at", -2), ("started_at", 0)][: reached + 1]
    found = {
        "about": event.children or event.adults,
        "service": "child and adolescent mental health",
        "referred_to": list(event.post.asked),
        "stage": stage,
        **{name: event.at(days=days) for name, days in times},
        "declined_at": event.now if stage == "declined" else None,
        "reason_declined": event.post.reason if stage == "declined" else None,
        "unmet_need": "Somebody to talk to after school",
        "handled_by": "Wren Worker",
    }
    return present(found)


WRITERS: Mapping[EventType, Writer] = {
    EventType.plan_status: _status,
    EventType.plan_update: _update,
    EventType.early_help_assessment: _early_help,
    EventType.flag_instruction: _flag,
    EventType.involvement_started: _involvement,
    EventType.involvement_ended: _involvement,
    EventType.child_moved: _moved,
    EventType.household_change: _household,
    EventType.service_referral: _service,
}
