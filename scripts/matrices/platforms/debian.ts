/**
 * Debian packages of any architecture, unpacked into folders. An apt of its
 * own does it, with its own package lists: nothing is installed on this
 * machine, and it need not run the release that the packages are from.
 *
 * @module
 */
import { join } from "node:path";
import { cache, emptyFolder } from "../../tools/cache.ts";
import { ask, need, Unavailable } from "../../tools/commands.ts";

/** An architecture, as Debian names it. */
export type Architecture = "amd64" | "arm64";

/** The release that all packages are from: the first with a Wine that is new enough. */
const release = "trixie";

/** The package that every root needs: it has the folders, and the links from `/lib` to `/usr/lib`. */
const base = "base-files";

/** The apts that are ready, as the path of their configuration. */
const ready = new Map<Architecture, Promise<string>>();

/**
 * Unpacks packages, and all that they depend on, into a folder. What their
 * installation scripts would do is not done; the archives are returned for
 * whoever needs one of those.
 */
export async function unpack(
  architecture: Architecture,
  packages: readonly string[],
  folder: string,
): Promise<readonly string[]> {
  const environment = await aptEnvironment(architecture);
  const archives = join(cache, `apt-${architecture}/archives-${packages.join("+")}`);
  await emptyFolder(archives);
  const option = `Dir::Cache::archives=${archives}`; // apt-get locks that folder
  await need(
    `apt-get cannot fetch ${packages.join(", ")} of Debian ${release}`,
    ["apt-get", "install", "-qq", "--download-only", "-o", option, base, ...packages],
    { environment },
  );
  const files = Array.from(Deno.readDirSync(archives), ({ name }) => name)
    .filter((name) => name.endsWith(".deb"))
    // The links of the base go first, for the others to be unpacked through.
    .sort((a, b) => rank(a) - rank(b))
    .map((name) => join(archives, name));
  for (const file of files) {
    await need("A Debian package cannot be unpacked", [
      "dpkg-deb",
      "--extract",
      file,
      folder,
    ]);
  }
  return files;
}

/** Unpacks some files of one package, given as patterns, without its dependencies. */
export async function unpackFiles(
  architecture: Architecture,
  name: string,
  patterns: readonly string[],
  folder: string,
): Promise<void> {
  const environment = await aptEnvironment(architecture);
  const archives = join(folder, ".archives");
  await emptyFolder(archives);
  await need(
    `apt-get cannot fetch ${name} of Debian ${release}`,
    ["apt-get", "download", "-qq", name],
    { environment, cwd: archives },
  );
  await need(`${name} cannot be unpacked`, [
    "sh",
    "-c",
    'dpkg-deb --fsys-tarfile "$0"/*.deb | tar -x --wildcards "$@"',
    archives,
    ...patterns,
  ], { cwd: folder });
  await Deno.remove(archives, { recursive: true });
}

/** The packages that a package depends on. */
export async function dependencies(
  architecture: Architecture,
  name: string,
): Promise<readonly string[]> {
  const environment = await aptEnvironment(architecture);
  const reason = `apt-cache does not know ${name}`;
  const text = await ask(reason, ["apt-cache", "depends", name], environment);
  return Array.from(text.matchAll(/Depends: (\S+)/g), ([, found = ""]) => found);
}

function rank(archive: string): number {
  return archive.startsWith(`${base}_`) ? 0 : 1;
}

async function aptEnvironment(
  architecture: Architecture,
): Promise<Record<string, string>> {
  let configuration = ready.get(architecture);
  if (configuration === undefined) {
    configuration = makeApt(architecture);
    ready.set(architecture, configuration);
  }
  return { APT_CONFIG: await configuration };
}

async function makeApt(architecture: Architecture): Promise<string> {
  const folder = join(cache, `apt-${architecture}`);
  const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
  const options = `[arch=${architecture} signed-by=${keyring}]`;
  const configuration = join(folder, "apt.conf");
  await emptyFolder(folder);
  await Deno.mkdir(join(folder, "lists"));
  await Deno.writeTextFile(join(folder, "status"), "");
  await Deno.writeTextFile(
    join(folder, "sources.list"),
    `deb ${options} ${await mirror()} ${release} main\n`,
  );
  await Deno.writeTextFile(
    configuration,
    `APT::Architecture "${architecture}";
APT::Architectures { "${architecture}"; };
APT::Get::Assume-Yes "true";
APT::Install-Recommends "false";
APT::Sandbox::User "";
DPkg::Lock::Timeout "-1"; // platforms are set up side by side
Dir::State "${folder}";
Dir::State::status "${folder}/status";
Dir::Cache "${folder}";
Dir::Etc::sourcelist "${folder}/sources.list";
Dir::Etc::sourceparts "-";
`,
  );
  await need(
    `apt-get cannot fetch the package lists of Debian ${release}`,
    ["apt-get", "update", "-qq"],
    { environment: { APT_CONFIG: configuration } },
  );
  return configuration;
}

/** The Debian mirror that this machine itself is installed from. */
async function mirror(): Promise<string> {
  const reason = "This machine has no apt sources of Debian";
  const system = await Deno.readTextFile("/etc/os-release").catch(() => "");
  const codename = /^VERSION_CODENAME="?(\w+)/m.exec(system)?.[1];
  const listing = await ask(reason, [
    "apt-get",
    "indextargets",
    "--format",
    "$(RELEASE) $(COMPONENT) $(REPO_URI)",
    "Created-By: Packages",
  ]);
  const found = listing.split("\n").find((line) => line.startsWith(`${codename} main `));
  if (!/^ID="?debian/m.test(system) || found === undefined) {
    throw new Unavailable(reason);
  }
  return found.split(" ")[2] ?? "";
}
