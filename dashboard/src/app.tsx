/** Which screen is shown: what the address says, once somebody has signed in. */

import { lazy, Suspense, useEffect } from "react";
import { Route, Switch, useLocation } from "wouter";
import { useAccess } from "./api/session";
import { Doctor } from "./pages/doctor";
import { JobPage } from "./pages/job";
import { JobTypes } from "./pages/job-types";
import { Jobs } from "./pages/jobs";
import { Journal } from "./pages/journal";
import { Likes } from "./pages/likes";
import { Overview } from "./pages/overview";
import { Runs } from "./pages/runs";
import { SignIn } from "./pages/sign-in";
import { Boundary } from "./ui/boundary";
import { Empty, Loading, PageHead } from "./ui/parts";
import { SCREENS, Shell } from "./ui/shell";

// It brings the words for cron expressions along.
const Schedules = lazy(() => import("./pages/schedules").then((page) => ({ default: page.Schedules })));

export function App() {
  const { session } = useAccess();
  const [path] = useLocation();
  useTitle(session !== null);
  if (!session) {
    return <SignIn />;
  }
  return (
    <Shell>
      <Boundary key={path} what="This screen">
        <Switch>
          <Route path="/" component={Overview} />
          <Route path="/jobs" component={Jobs} />
          <Route path="/jobs/:id">{({ id }) => <JobPage key={id} id={id} />}</Route>
          <Route path="/types" component={JobTypes} />
          <Route path="/schedules">
            <Suspense fallback={<Loading what="the schedules" />}>
              <Schedules />
            </Suspense>
          </Route>
          <Route path="/runs" component={Runs} />
          <Route path="/likes" component={Likes} />
          <Route path="/doctor" component={Doctor} />
          <Route path="/journal" component={Journal} />
          <Route>
            <PageHead title="No such page" />
            <Empty title="There is nothing at this address.">Choose a screen from the menu.</Empty>
          </Route>
        </Switch>
      </Boundary>
    </Shell>
  );
}

function useTitle(signedIn: boolean): void {
  const [path] = useLocation();
  useEffect(() => {
    const screen = SCREENS.find((each) => (each.path === "/" ? path === "/" : path.startsWith(each.path)));
    document.title = `${signedIn ? (screen?.name ?? "No such page") : "Sign in"} · Queue`;
  }, [path, signedIn]);
}
