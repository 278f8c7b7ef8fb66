/** Where an error of the page itself ends: the rest of the page goes on. */

import { Component, type ReactNode } from "react";
import { Button } from "./parts";

interface BoundaryProps {
  what: string;
  children: ReactNode;
}

export class Boundary extends Component<BoundaryProps, { broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError() {
    return { broken: true };
  }

  override render() {
    if (!this.state.broken) {
      return this.props.children;
    }
    return (
      <div className="failure" role="alert">
        <div>
          <p className="failure-title">{this.props.what} could not be shown.</p>
          <p>A newer version may have been deployed meanwhile: reload the page.</p>
        </div>
        <Button icon="refresh" onClick={() => location.reload()}>
          Reload
        </Button>
      </div>
    );
  }
}
