//! Builds the wall and the care page (`web/`) with npm into OUT_DIR and lists its files for `src/wall.rs`.
//!
//! Without Node the engine still builds: the page then says how to get the wall. Such a failure is
//! never cached, so that the next build tries again. `ESCUCHA_WALL=required` makes it fatal.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, io};

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // Not the folder itself: `node_modules` in it changes at every `npm ci`.
    for part in [
        "src",
        "client",
        "public",
        "index.html",
        "care.html",
        "package.json",
        "package-lock.json",
        "vite.config.ts",
        "svelte.config.js",
        "tsconfig.json",
    ] {
        println!("cargo:rerun-if-changed=web/{part}");
    }
    println!("cargo:rerun-if-env-changed=ESCUCHA_WALL");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let dist = out.join("wall");
    let files = match build_wall(Path::new("web"), &out.join("web"), &dist) {
        Ok(()) => files_of(&dist, &dist),
        Err(why) if env::var("ESCUCHA_WALL").is_ok_and(|v| v == "required") => panic!("the wall was not built: {why}"),
        Err(why) => {
            println!("cargo:warning=the wall was not built, `/` will say how to get it: {why}");
            // A path that never exists makes cargo run this script at the next build again.
            println!("cargo:rerun-if-changed={}", out.join("never").display());
            Vec::new()
        }
    };
    fs::write(out.join("wall_files.rs"), listing(&files)).expect("OUT_DIR is writable");
}

/// Copies the sources aside, so that npm writes nothing into the checkout, and builds them there.
fn build_wall(sources: &Path, work: &Path, dist: &Path) -> Result<(), String> {
    let text = |e: io::Error| e.to_string();
    if dist.exists() {
        fs::remove_dir_all(dist).map_err(text)?;
    }
    // `node_modules` stays: `npm ci` is needed only when the lock file changed. What vanished from the
    // sources must not be built again.
    for part in ["src", "client", "public"] {
        if work.join(part).exists() {
            fs::remove_dir_all(work.join(part)).map_err(text)?;
        }
    }
    copy(sources, work).map_err(text)?;
    let lock = fs::read(sources.join("package-lock.json")).map_err(text)?;
    let installed = work.join("installed-lock.json");
    if fs::read(&installed).ok().as_deref() != Some(&lock) {
        npm(work, &["ci", "--no-audit", "--no-fund", "--loglevel=error"])?;
        fs::write(&installed, &lock).map_err(text)?;
    }
    let dist = dist.to_str().ok_or("OUT_DIR is no UTF-8")?;
    npm(work, &["run", "--silent", "build", "--", "--outDir", dist, "--emptyOutDir"])
}

fn npm(dir: &Path, args: &[&str]) -> Result<(), String> {
    let output = Command::new("npm").args(args).current_dir(dir).output().map_err(|e| format!("npm: {e}"))?;
    if output.status.success() {
        return Ok(());
    }
    let tail: Vec<u8> = output.stderr.iter().chain(&output.stdout).copied().collect();
    Err(format!("npm {}: {}", args[0], String::from_utf8_lossy(&tail).replace('\n', " | ")))
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        if name == "node_modules" || name == "dist" {
            continue;
        }
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to.join(&name))?;
        } else {
            fs::copy(entry.path(), to.join(&name))?;
        }
    }
    Ok(())
}

/// (path below `base` with `/`, absolute path), in name order.
fn files_of(dir: &Path, base: &Path) -> Vec<(String, PathBuf)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(files_of(&path, base));
        } else if let Ok(below) = path.strip_prefix(base) {
            files.push((below.to_string_lossy().replace('\\', "/"), path.clone()));
        }
    }
    files.sort();
    files
}

fn listing(files: &[(String, PathBuf)]) -> String {
    let rows: String =
        files.iter().map(|(name, path)| format!("    ({name:?}, include_bytes!({:?})),\n", path.display().to_string())).collect();
    format!("/// Path below `/` and bytes of every file of the wall.\npub static FILES: &[(&str, &[u8])] = &[\n{rows}];\n")
}
