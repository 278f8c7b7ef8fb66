/** Line icons of 16 by 16, drawn in the colour of the text around them. */

const PATHS = {
  overview: "M2 13V8m4 5V3m4 10V6m4 7V9",
  jobs: "M3 4h10M3 8h10M3 12h6",
  types: "M2.5 2.5h4.5v4.5H2.5zM9 2.5h4.5v4.5H9zM2.5 9h4.5v4.5H2.5zM9 9h4.5v4.5H9z",
  schedules: "M8 4.5V8l2.3 1.6M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0z",
  runs: "M1.5 8h3l2-5 3 10 2-5h3",
  likes: "M8 13.2 3 8.3a3.1 3.1 0 0 1 0-4.4 3.1 3.1 0 0 1 4.4 0L8 4.500l.6-.6a3.1 3.100 0 0 1 4.400 4.400z",
  doctor: "M6 2.500h4V6h3.500v4H10v3.500H6V10H2.500V6H6z",
  journal:
    "M4 2.500h8a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1v-9a1 1 0 0 1 1-1zM5.500 5.500h5M5.500 8h5M5.500 10.500h3",
  pause: "M5.500 3.500v9M10.500 3.500v9",
  play: "M5 3.200v9.600L12.500 8z",
  refresh: "M13.500 8a5.500 5.500 0 1 1-1.700-4M13.500 1.800V4.500h-2.700",
  sun: "M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM8 1.200v1.300M8 13.500v1.300M1.200 8h1.300M13.500 8h1.300M3.200 3.200l.9.9M11.900 11.900l.9.9M12.800 3.200l-.9.9M4.100 11.900l-.9.9",
  moon: "M13.200 9.700A5.700 5.700 0 0 1 6.300 2.800a5.700 5.700 0 1 0 6.900 6.900z",
  close: "M4 4l8 8M12 4l-8 8",
  check: "M3 8.500l3.200 3.200L13 4.800",
  right: "M6 3.500 10.500 8 6 12.500",
  down: "M3.500 6 8 10.500 12.500 6",
  up: "M3.500 10 8 5.500 12.500 10",
  copy: "M5.500 5.500h8v8h-8zM10.500 5.500v-3h-8v8h3",
  warn: "M8 5.800v3M8 11.300v.1M7.100 2.600 1.600 12a1 1 0 0 0 .9 1.500h11a1 1 0 0 0 .9-1.500L8.900 2.600a1 1 0 0 0-1.800 0z",
  out: "M6.500 2.500h-3a1 1 0 0 0-1 1v9a1 1 0 0 0 1 1h3M10.500 11l3-3-3-3M13.500 8H6.500",
  plus: "M8 3v10M3 8h10",
  filter: "M2 3.500h12L9.500 8.800v4L6.500 11.500V8.800z",
  link: "M6.500 9.500 9.500 6.500M7 4.500l1.300-1.300a3 3 0 0 1 4.500 4.500L11.500 9M9 11.500l-1.300 1.300a3 3 0 0 1-4.500-4.500L4.500 7",
  redo: "M2.500 8a5.500 5.500 0 0 1 9.400-3.900l1.600 1.600M13.500 2v3.700H9.800",
};

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
      <path
        d={PATHS[name]}
        fill="none"
        stroke="currentColor"
        strokeWidth="1.5"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  );
}
