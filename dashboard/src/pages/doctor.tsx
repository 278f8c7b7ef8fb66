/** The doctor: everything about the installation that is wrong or will be, and how to mend it. */

import type { Diagnosis, Severity } from "../api/contract";
import { ApiError } from "../api/errors";
import { useDiagnosis } from "../api/queries";
import { capital, count } from "../text";
import { Moment } from "../ui/clock";
import { Button, Card, Empty, Failed, Loading, PageHead, Tag } from "../ui/parts";

const ORDER: Severity[] = ["critical", "high", "medium", "low"];
const TONES = { critical: "bad", high: "bad", medium: "warn", low: "plain" } as const;

export function Doctor() {
  const { data, error, refetch, isFetching } = useDiagnosis();
  const missing = error instanceof ApiError && error.status === 404;
  return (
    <>
      <PageHead title="Doctor">
        <Button icon="refresh" busy={isFetching} onClick={() => void refetch()}>
          Examine again
        </Button>
      </PageHead>
      {data ? (
        <Findings diagnosis={data} />
      ) : (
        <Card>
          {missing ? (
            <Empty title="This deployment has no doctor.">
              Its API does not know /api/admin/queue/diagnostics. Deploy a newer version.
            </Empty>
          ) : error ? (
            <Failed error={error} what="The diagnosis" retry={() => void refetch()} />
          ) : (
            <Loading rows={5} what="the diagnosis" />
          )}
        </Card>
      )}
    </>
  );
}

function Findings({ diagnosis }: { diagnosis: Diagnosis }) {
  const findings = diagnosis.findings.toSorted(
    (one, other) => ORDER.indexOf(one.severity) - ORDER.indexOf(other.severity),
  );
  return (
    <>
      <p className="quiet">
        {count(diagnosis.checked)} things were looked at, <Moment value={diagnosis.generatedAt} as="ago" />.{" "}
        {ORDER.filter((each) => diagnosis.counts[each])
          .map((each) => `${count(diagnosis.counts[each] ?? 0)} ${each}`)
          .join(", ")}
      </p>
      {findings.length === 0 ? (
        <Card>
          <Empty title="Nothing is wrong.">Everything that the doctor knows to look at is as it should be.</Empty>
        </Card>
      ) : (
        <ul className="findings">
          {findings.map((finding) => (
            <li key={`${finding.code} ${finding.subject}`} className={`card ${TONES[finding.severity]}`}>
              <h2>
                <Tag tone={TONES[finding.severity]}>{capital(finding.severity)}</Tag> {finding.message}
              </h2>
              {finding.mend && <p>{finding.mend}</p>}
              <p className="quiet small">
                <code>{finding.code}</code> {finding.subject}
              </p>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
