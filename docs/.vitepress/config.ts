/**
 * The site: its pages in their order, and how VitePress builds them.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { DefaultTheme, UserConfig } from "vitepress";
import { REPOSITORY, SITE } from "../../scripts/tools/addresses.ts";
import { INCLUDED, repositoryLinks } from "./links.ts";
import { writeTexts } from "./llms.ts";

const DESCRIPTION =
  "The operating system's virtual memory for Deno, Bun and Node.js: mmap and VirtualAlloc from TypeScript.";

/** The outline: the title of each page, and a sentence about it. A page is linked once its file is there. */
const OUTLINE: Readonly<Record<string, Readonly<Record<string, readonly [string, string]>>>> = {
  "Guide": {
    "guide/getting-started": ["Getting started", "Install the package, map memory, and unmap it."],
    "guide/files": ["Files", "Map a file to read it, change it or change a private copy of it."],
    "guide/growing": ["Memory that grows", "Reserve addresses, and grow in place to terabytes."],
    "guide/views": ["Views", "Typed arrays over a mapping, and the calls that detach them."],
    "guide/threads": ["Threads", "Share memory with workers by tickets."],
    "guide/processes": ["Between processes", "Share memory by its name, also with Python and C."],
    "guide/waiting": ["Waiting", "Sleep until another thread or process changes a word."],
    "guide/webassembly": [
      "WebAssembly and SharedArrayBuffer",
      "Map a file into the memory of a module, or as a SharedArrayBuffer.",
    ],
    "guide/secrets": ["Secrets", "Keep a key in RAM, out of core dumps and between guard pages."],
    "guide/huge-pages": ["Huge pages", "Map pages of 2 MiB or 1 GiB."],
    "guide/native-code": [
      "Machine code and pointers",
      "Pass memory to native functions, and run machine code in it.",
    ],
    "guide/sandboxes": [
      "Permissions and sandboxes",
      "The permissions of Deno and Node.js that each call needs, and sandboxes of Linux.",
    ],
    "guide/bundling": [
      "Bundling and executables",
      "Bundlers, package managers and single executables, with koffi where Node.js needs it.",
    ],
    "guide/testing": ["Testing", "Test runners, leak checks and other realms."],
    "guide/containers": [
      "Containers and clouds",
      "Limits of Docker, Kubernetes, gVisor and others, the error of each, and its remedy.",
    ],
    "guide/errors": ["Errors", "Each error code, when it comes, and what to do."],
  },
  "Recipes": {
    "recipes/examples": ["Examples", "An index of programs that run as they stand."],
    "recipes/files": [
      "Files in place",
      "Logs, tensors, HTTP ranges and workers over one mapped file.",
    ],
    "recipes/structures": [
      "Data structures",
      "A growing array, a sparse table, a ring buffer and memory for a secret.",
    ],
    "recipes/processes": [
      "Programs that share memory",
      "Frames from Python, a cache without locks, and one counter for all processes.",
    ],
    "recipes/libraries": [
      "Libraries over views",
      "Arrow, safetensors, SQLite and others over mapped files without copies.",
    ],
    "recipes/durability": ["Durability", "The order of flushes that survives a power failure."],
  },
  "Reference": {
    "reference/which-call": ["Which call do I want?", "The call for each task."],
    "reference/systems": [
      "Capabilities by system",
      "The system calls behind each call on Linux, macOS and Windows.",
    ],
    "reference/limits": ["Limits", "The cases that no library can make safe."],
    "reference/support": ["Support", "Tested platforms and versions of the runtimes."],
    "reference/command": ["The command", "Print limits, mappings and shared memory."],
    "reference/from-rust": ["From Rust", "The calls for those of sys_alloc and memmap2."],
    "reference/from-others": [
      "From other libraries",
      "The calls for those of Bun.mmap, Python's mmap and add-ons of Node.js.",
    ],
  },
  "How it works": {
    "internals/architecture": ["Architecture", "The layers of the library, and its mechanisms."],
    "internals/truncation-guard": [
      "The truncation guard",
      "How a program survives that another one truncates its mapped file.",
    ],
    "internals/benchmarks": ["Benchmarks", "How speed is measured, and where sysalloc is slower."],
    "internals/results": ["Results", "Each call beside C, Rust, Python, Java and the runtimes."],
    "internals/runtimes": [
      "Differences between runtimes",
      "Large mappings in Bun, and faults of the runtimes.",
    ],
  },
};

const groups = Object.entries(OUTLINE).map(([text, pages]) => ({
  text,
  items: Object.entries(pages)
    .filter(([page]) => existsSync(join(import.meta.dirname!, "..", `${page}.md`)))
    .map(([page, [text, sentence]]) => ({ text, link: `/${page}`, sentence })),
})).filter(({ items }) => items.length > 0);
const sentences = new Map(
  groups.flatMap(({ items }) =>
    items.map(({ link, sentence }) => [`${link.slice(1)}.md`, sentence])
  ),
);

const api = { text: "API", link: "/api/", target: "_self" };
const sidebar: DefaultTheme.SidebarItem[] = groups.map((group) =>
  group.text === "Reference" ? { ...group, items: [...group.items, api] } : group
);
const nav = groups.map(({ text, items }) => ({
  text,
  link: items[0]!.link,
  activeMatch: `^${items[0]!.link.replace(/[^/]+$/, "")}`,
}));

const config: UserConfig<DefaultTheme.Config> = {
  title: "sysalloc",
  description: DESCRIPTION,
  lang: "en",
  base: new URL(SITE).pathname,
  srcDir: ".",
  outDir: "../.cache/site",
  cacheDir: "../.cache/vitepress",
  cleanUrls: true,
  markdown: {
    config: (md) => {
      repositoryLinks(md);
      const fence = md.renderer.rules.fence!;
      // The examples, which pages include, import the package by its name there.
      md.renderer.rules.fence = (...args) => fence(...args).replaceAll('"../mod.ts"', '"sysalloc"');
    },
  },
  themeConfig: {
    nav: [...nav, api],
    sidebar,
    outline: [2, 3],
    search: { provider: "local" },
    socialLinks: [{ icon: "github", link: REPOSITORY }],
    editLink: { pattern: `${REPOSITORY}/edit/main/:path`, text: "Edit this page" },
    footer: { message: "MIT license" },
  },
  transformPageData(page) {
    page.description = sentences.get(page.filePath) ?? DESCRIPTION;
    page.filePath = INCLUDED[page.filePath] ?? `docs/${page.filePath}`; // for the edit link
  },
  buildEnd({ pages, srcDir, outDir }) {
    const links = ["index", ...Object.values(OUTLINE).flatMap(Object.keys)];
    const unlisted = pages.find((page) => !links.includes(page.replace(/\.md$/, "")));
    if (unlisted !== undefined) throw new Error(`The outline lacks ${unlisted}`);
    writeTexts(srcDir, outDir, DESCRIPTION, groups);
  },
};

export default config;
