"""The history is read for those who ask, without the pipeline."""

from __future__ import annotations

import threading

from monitor.bus.history_reader import MAX_WAITING
from monitor.bus.messages import Reply, Request
from monitor.bus.publisher import Publisher
from monitor.bus.subscriber import ask
from monitor.errors import HistoryError
from tests.examples import event
from tests.publishing import PATIENCE_S


def asked(publisher: Publisher, request: Request) -> Reply:
    answer = ask(publisher.endpoint, request, PATIENCE_S)
    assert isinstance(answer, Reply)
    return answer


def test_the_history_is_answered_while_the_pipeline_stands_still() -> None:
    def find(request: Request) -> Reply:
        if request.class_ == "broken":
            raise HistoryError("The history cannot be read.")
        return Reply(ok=True, events=[event("offset")] if request.limit == 1 else [])

    publisher = Publisher("tcp://127.0.0.1:*", history=find)  # nobody polls it
    try:
        assert asked(publisher, Request(request="history", limit=1)).events == [event("offset")]
        refused = asked(publisher, Request(request="history", class_="broken"))
        assert refused == Reply(ok=False, error="The history cannot be read.")
        assert asked(publisher, Request(request="history")).ok  # it goes on
    finally:
        publisher.close()


def test_without_a_history_it_says_how_to_keep_one() -> None:
    publisher = Publisher("tcp://127.0.0.1:*")
    try:
        assert "keep = true" in (asked(publisher, Request(request="history")).error or "")
    finally:
        publisher.close()


def test_a_disk_that_hangs_costs_answers_and_nothing_else() -> None:
    hangs, begun = threading.Event(), threading.Event()

    def find(request: Request) -> Reply:
        begun.set()
        hangs.wait(PATIENCE_S)
        return Reply(ok=True)

    publisher = Publisher("tcp://127.0.0.1:*", history=find)
    answers: list[Reply] = []
    askers = [
        threading.Thread(target=lambda: answers.append(asked(publisher, Request(request="history"))))
        for _ in range(MAX_WAITING + 2)
    ]
    try:
        askers[0].start()
        assert begun.wait(PATIENCE_S)
        for asker in askers[1:]:
            asker.start()
        ask(publisher.endpoint, Request(request="snapshot"), PATIENCE_S)
        while not answers:  # the one too many
            ask(publisher.endpoint, Request(request="snapshot"), PATIENCE_S)
        assert [answer.ok for answer in answers] == [False]
        hangs.set()
        for asker in askers:
            asker.join()
        assert [answer.ok for answer in answers] == [False] + [True] * (MAX_WAITING + 1)
    finally:
        hangs.set()
        publisher.close()
