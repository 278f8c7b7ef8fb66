"""The forwarder counts every request that Supabase gets, and changes nothing of it."""

from collections import Counter

import httpx

from bench.wire import RequestLines, Wire


def test_each_request_is_counted_once(project: dict[str, str]) -> None:
    """Over one connection that is kept, where the next request follows a body without a line's end."""
    key = project["SUPABASE_SERVICE_ROLE_KEY"]
    with Wire(project["SUPABASE_URL"]) as wire, httpx.Client(headers={"apikey": key}) as client:
        for _ in range(3):
            reply = client.post(f"{wire.url}/rest/v1/rpc/claim_next_job", json={"worker_id": "GET /x HTTP/1.1\r\n"})
            assert reply.json() == []
        assert client.post(f"{wire.url}/rest/v1/rpc/queue_health").json()["healthy"] is True
    assert {path.rpartition("/")[2]: count for path, count in wire.counts.items()} == {
        "claim_next_job": 3,
        "queue_health": 1,
    }


def test_a_request_that_comes_in_pieces_is_counted() -> None:
    """A packet may end anywhere."""
    counts: Counter[str] = Counter()
    lines = RequestLines(counts)
    stream = b"POST /rest/v1/rpc/settle_and_claim HTTP/1.1\r\nhost: x\r\n\r\n{}" * 2
    for at in range(0, len(stream), 5):
        lines.feed(stream[at : at + 5])
    assert counts == {"POST /rest/v1/rpc/settle_and_claim": 2}
