import { NextResponse } from "next/server";

// As in Supabase's guide, but for the queue's routes, which have no session to refresh.
export function proxy() {
  return NextResponse.next();
}

export const config = {
  matcher: [
    "/((?!_next/static|_next/image|favicon.ico|api/(?:ratings|posts|queue|admin|health)|.*\\.(?:svg|png|jpg)$).*)",
  ],
};
