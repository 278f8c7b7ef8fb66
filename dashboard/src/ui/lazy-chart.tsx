/** The chart, loaded when there is one to show: the numbers are there before it. */

import { type ComponentProps, lazy, Suspense } from "react";
import { Boundary } from "./boundary";
import { ensureValidLanguage } from "./language";
import { Loading } from "./parts";

const Loaded = lazy(() => {
  ensureValidLanguage();
  return import("./chart").then(({ Chart: component }) => ({ default: component }));
});

export function Chart(props: ComponentProps<typeof Loaded>) {
  return (
    <Boundary what="The chart">
      <Suspense fallback={<Loading rows={4} what="the chart" />}>
        <Loaded {...props} />
      </Suspense>
    </Boundary>
  );
}
