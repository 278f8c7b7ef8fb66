/** Where an error of the page itself ends: the rest of the page goes on. */

import { Component, type ReactNode } from "react";
import { Button } from "./parts";

interface BoundaryProps {
  what: string;
  children: ReactNode;
}

// What a script or style that could not be fetched is called: by Chromium and Firefox, by Safari, by Vite.
const NOT_FETCHED = /dynamically imported module|Importing a module script failed|Unable to preload CSS/;

export class Boundary extends Component<BoundaryProps, { fault: string | null }> {
  override state = { fault: null };

  static getDerivedStateFromError(error: unknown) {
    return { fault: String(error) };
  }

  override render() {
    const { fault } = this.state;
    if (fault === null) {
      return this.props.children;
    }
    return (
      <div className="failure" role="alert">
        <div>
          <p className="failure-title">{this.props.what} could not be shown.</p>
          <p>
            {NOT_FETCHED.test(fault)
              ? "A newer version may have been deployed meanwhile: reload the page."
              : `The page is at fault, not the queue: ${fault}`}
          </p>
        </div>
        <Button icon="refresh" onClick={() => location.reload()}>
          Reload
        </Button>
      </div>
    );
  }
}
