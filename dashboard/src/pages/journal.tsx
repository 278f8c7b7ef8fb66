/** What operators did: who, what, when, how many. It can be read, never changed. */

import { Link } from "wouter";
import type { Json, JsonObject } from "../api/contract";
import { useActions } from "../api/queries";
import { capital, count, shortId, words } from "../text";
import { Moment } from "../ui/clock";
import { Button, Card, Empty, Failed, Loading, PageHead, Scroll } from "../ui/parts";

const SHOWN_IDS = 3;

export function Journal() {
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useActions();
  const actions = data?.pages.flatMap((page) => page.actions) ?? [];
  return (
    <>
      <PageHead title="Journal" />
      <Card className="flush">
        {data ? (
          actions.length === 0 ? (
            <Empty title="No operator has changed anything yet.">Each change is written down here.</Empty>
          ) : (
            <Scroll label="Actions">
              <table>
                <thead>
                  <tr>
                    <th scope="col">When</th>
                    <th scope="col">Who</th>
                    <th scope="col">What</th>
                    <th scope="col" className="number">
                      Changed
                    </th>
                    <th scope="col">Details</th>
                  </tr>
                </thead>
                <tbody>
                  {actions.map((action) => (
                    <tr key={action.id}>
                      <td>
                        <Moment value={action.at} />
                      </td>
                      <td>{action.operator}</td>
                      <td>{capital(words(action.action))}</td>
                      <td className="number">{action.changed === null ? "–" : count(action.changed)}</td>
                      <td className="details">
                        <Details details={action.details} />
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </Scroll>
          )
        ) : error ? (
          <Failed error={error} what="The journal" retry={() => void refetch()} />
        ) : (
          <Loading rows={8} what="the journal" />
        )}
        {hasNextPage && (
          <div className="more">
            <Button busy={isFetchingNextPage} onClick={() => void fetchNextPage()}>
              Older actions
            </Button>
          </div>
        )}
      </Card>
    </>
  );
}

function Details({ details }: { details: JsonObject | null }) {
  const given = Object.entries(details ?? {}).filter(([, value]) => value !== null);
  return (
    <ul>
      {given.map(([name, value]) => (
        <li key={name}>
          <span className="quiet">{name}</span>{" "}
          {Array.isArray(value) ? <Ids ids={value} /> : <code>{plain(value)}</code>}
        </li>
      ))}
    </ul>
  );
}

/** The first few jobs as links; a redrive may have made a hundred. */
function Ids({ ids }: { ids: Json[] }) {
  const first = ids.slice(0, SHOWN_IDS);
  return (
    <>
      {first.map((id) => (
        <Link key={String(id)} href={`/jobs/${String(id)}`}>
          <code>{shortId(String(id))}</code>{" "}
        </Link>
      ))}
      {ids.length > SHOWN_IDS && <span className="quiet">and {count(ids.length - SHOWN_IDS)} more</span>}
    </>
  );
}

function plain(value: Json): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
