//! `optc repl` in a terminal that is none: a pseudo-terminal of `script` (util-linux), keys sent, the screen read.
//!
//! Skipped, with a message, where there is no such program.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A session on a terminal.
struct Terminal {
    child: Child,
    keys: ChildStdin,
    screen: Arc<Mutex<Vec<u8>>>,
    /// What was read of the screen so far.
    seen: usize,
}

impl Terminal {
    /// Starts a session in a folder; nothing where there is no terminal to be had.
    fn start(folder: &Path, history: &Path) -> Option<Self> {
        // Without `exec` a shell stays in between, and some die of a Ctrl-C that the session outlives.
        let command = format!("exec '{}' repl", env!("CARGO_BIN_EXE_optc"));
        let mut child = Command::new("script")
            .args(["-q", "-e", "-c", &command, "/dev/null"])
            .current_dir(folder)
            .env("TERM", "xterm")
            .env("NO_COLOR", "1")
            .env("OPTC_HISTORY", history)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let (keys, mut out) = (child.stdin.take()?, child.stdout.take()?);
        let screen = Arc::new(Mutex::new(Vec::new()));
        let filled = Arc::clone(&screen);
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(n @ 1..) = out.read(&mut bytes) {
                filled.lock().expect("no panic").extend_from_slice(&bytes[..n]);
            }
        });
        Some(Self { child, keys, screen, seen: 0 })
    }

    /// Presses keys as a person would, who sees the prompt first: what comes while the terminal changes its mode is lost.
    fn press(&mut self, keys: &str) {
        std::thread::sleep(Duration::from_millis(200));
        self.keys.write_all(keys.as_bytes()).and_then(|()| self.keys.flush()).expect("it reads");
    }

    /// Waits until a text stands on the screen behind what was seen before.
    fn see(&mut self, text: &str) {
        let begin = Instant::now();
        loop {
            let screen = self.screen.lock().expect("no panic").clone();
            let plain = without_controls(&String::from_utf8_lossy(&screen));
            let new = plain.get(self.seen..).unwrap_or("");
            if let Some(at) = new.find(text) {
                self.seen += at + text.len();
                return;
            }
            assert!(begin.elapsed() < Duration::from_secs(60), "no `{text}` in\n{new}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The exit code, once it ends.
    fn end(mut self) -> Option<i32> {
        drop(self.keys);
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_secs(60) {
            if let Ok(Some(status)) = self.child.try_wait() {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        panic!("it does not end");
    }
}

/// A text without what moves the cursor.
fn without_controls(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\u{1b}' {
            out.push(c);
        } else if chars.next() == Some('[') {
            chars.by_ref().find(|c| c.is_ascii_alphabetic());
        }
    }
    out
}

#[test]
fn keys_do_in_a_terminal_what_the_manual_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let history = folder.path().join("history");
    fs::write(folder.path().join("bowl.opt"), "var x start 3\nminimize f: (x - 1)^2\n").expect("a model");
    let Some(mut terminal) = Terminal::start(folder.path(), &history) else {
        println!("skipped: there is no program `script`");
        return;
    };
    terminal.see("Ctrl-D ends");
    terminal.see("> ");
    terminal.press("6 * 7\r");
    terminal.see("42 : number");
    // What was entered is kept at once, not at the end.
    assert!(fs::read_to_string(&history).expect("a history").contains("6 * 7"));
    // Tab completes commands, names and files.
    terminal.press(":li\t\r");
    terminal.see("nothing was entered yet");
    terminal.press(":load bow\t\r");
    terminal.see("2 statements");
    terminal.press("cos\t\x15:at\r");
    terminal.see("x = 3");
    // An entry goes on while a bracket is open, and ends at an empty line.
    terminal.press("(1 +\r");
    terminal.press("2) * 3\r");
    terminal.see("9 : number");
    terminal.press("x[\r\r");
    terminal.see("E0108");
    // A line that begins with a sign goes on with the one before.
    terminal.press("x\r");
    terminal.see("3 : number");
    terminal.press("  + 1\r");
    terminal.see("goes on: x + 1");
    terminal.see("4 : number");
    // Arrow up recalls; Ctrl-C gives a line up.
    terminal.press("\x1b[A\x1b[A\r");
    terminal.see("3 : number");
    terminal.press("1 + 1");
    terminal.see("1 + 1");
    terminal.press("\x03");
    terminal.press("5 + 5\r");
    terminal.see("10 : number");
    // Ctrl-C stops what takes long, and the session goes on.
    terminal.press("sum(i in 1..20000, j in 1..10000: sin(i * j * x))\r");
    std::thread::sleep(Duration::from_millis(700));
    terminal.press("\x03");
    terminal.see("E0933");
    terminal.see("> ");
    terminal.press("11 * 11\r");
    terminal.see("121 : number");
    terminal.press("\x04");
    // The code of the last entry that failed: an interruption.
    assert_eq!(terminal.end(), Some(5));
    let kept = fs::read_to_string(&history).expect("a history");
    for entry in ["6 * 7", ":load bow", "(1 +", "5 + 5", "11 * 11"] {
        assert!(kept.contains(entry), "{entry}: {kept}");
    }
}
