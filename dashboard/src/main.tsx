import "./styles/base.css";
import "./styles/parts.css";
import "./styles/screens.css";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Router } from "wouter";
import { ApiError } from "./api/errors";
import { LiveProvider } from "./api/live";
import { SessionProvider } from "./api/session";
import { App } from "./app";
import { applyStoredTheme, ThemeProvider } from "./ui/theme";
import { ToastProvider } from "./ui/toasts";

applyStoredTheme();

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 2_000,
      // What the API refuses it refuses again; what did not answer may answer now.
      retry: (failures, error) => failures < 1 && !(error instanceof ApiError && error.status < 500),
      retryDelay: 800,
    },
  },
});

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queries}>
        <ThemeProvider>
          <ToastProvider>
            <SessionProvider>
              <LiveProvider>
                <Router base="/admin/queue">
                  <App />
                </Router>
              </LiveProvider>
            </SessionProvider>
          </ToastProvider>
        </ThemeProvider>
      </QueryClientProvider>
    </StrictMode>,
  );
}
