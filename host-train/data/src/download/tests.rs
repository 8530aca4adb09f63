use super::{
    super::{
        Request, Search, Source,
        idx::tests::{gzip, label_file},
    },
    *,
};
use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    thread,
};

/// Returns a server on this machine that answers every request for a path with what `answer` says;
/// gives its address.
fn serve(answer: impl Fn(&str) -> Vec<u8> + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let path = request(&stream);
            let _ = stream.write_all(&answer(&path));
        }
    });
    address
}

fn request(stream: &TcpStream) -> String {
    let lines: Vec<String> =
        BufReader::new(stream).lines().map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
    let path = lines.first().and_then(|line| line.split(' ').nth(1));
    path.unwrap_or_default().trim_start_matches('/').to_owned()
}

/// Returns an answer that announces `length` bytes.
fn answer(status: &str, length: usize, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    [head.as_bytes(), body].concat()
}

/// Stands for one of the four files.
fn content(name: &str) -> Vec<u8> {
    label_file(name.len() as u32, name.as_bytes())
}

fn good() -> String {
    serve(|path| {
        let body = gzip(&content(path.strip_suffix(".gz").unwrap()));
        answer("200 OK", body.len(), &body)
    })
}

fn page() -> String {
    serve(|_| {
        let body = b"<html>Welcome to our hotel's network</html>";
        answer("200 OK", body.len(), body)
    })
}

fn missing() -> String {
    serve(|_| answer("404 Not Found", 0, &[]))
}

fn truncated() -> String {
    serve(|_| answer("200 OK", 1000, &[0x1f, 0x8b, 8]))
}

/// Returns an address at which nobody listens.
fn nobody() -> String {
    format!("http://{}/", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap())
}

/// Calls [`obtain`] for files that [`good`] serves, and collects what it reports.
fn get(cache: &Path, mirrors: &[String]) -> (Result<Mnist, DownloadError>, Vec<String>) {
    let checksums = NAMES.map(|name| sha256(&content(name)));
    let mut events = Vec::new();
    let got = obtain(cache, mirrors, checksums.each_ref().map(String::as_str), &mut |event| {
        events.push(format!("{event:?}"));
    });
    (got, events)
}

#[track_caller]
fn assert_good(got: Result<Mnist, DownloadError>, downloaded: bool) {
    let mnist = got.unwrap();
    assert_eq!(mnist.contents.map(|content| content.bytes), NAMES.map(content));
    assert_eq!(mnist.downloaded, downloaded);
}

#[test]
fn a_good_mirror_fills_the_cache() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("not/there/yet");
    let (got, events) = get(&cache, &[good()]);
    assert_good(got, true);
    assert!(events[0].starts_with("Started { file: \"train-images-idx3-ubyte.gz\""), "{events:?}");
    assert!(events[1].starts_with("Received("), "{events:?}");
    assert_eq!(events[2], "Ended");
    let mut files: Vec<String> = fs::read_dir(&cache)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    let mut names = NAMES.map(|name| format!("{name}.gz"));
    names.sort();
    assert_eq!(files, names, "and nothing half written");
    // Nobody is asked any more.
    let (got, events) = get(&cache, &[]);
    assert_good(got, false);
    assert_eq!(events, [""; 0]);
}

#[test]
fn each_bad_mirror_is_passed_over_once() {
    let folder = tempfile::tempdir().unwrap();
    let (got, events) = get(folder.path(), &[nobody(), page(), missing(), truncated(), good()]);
    assert_good(got, true);
    let started = events.iter().filter(|event| event.starts_with("Started")).count();
    assert_eq!(started, 2 + 4, "the page and the truncated file, then four good ones");
}

#[test]
fn the_failure_of_every_mirror_is_told_in_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let other = serve(|_| answer("200 OK", 3, b"abc"));
    let mirrors = [nobody(), page(), missing(), truncated(), other];
    let (got, _) = get(folder.path(), &mirrors);
    let message = got.err().unwrap().to_string();
    let lines: Vec<&str> = message.lines().collect();
    assert_eq!(lines[0], "MNIST is not in the cache and could not be downloaded:");
    let wanted = [
        "refused",
        "train-images-idx3-ubyte.gz: this is an HTML or XML page, probably the error page of a server or a proxy",
        "404",
        "train-images-idx3-ubyte.gz stopped after 3 bytes (",
        "train-images-idx3-ubyte.gz is not MNIST's: its unpacked content has SHA-256 ba7816bf",
    ];
    assert_eq!(lines.len(), 1 + wanted.len(), "{message}");
    for ((line, mirror), wanted) in lines[1..].iter().zip(&mirrors).zip(wanted) {
        assert!(line.starts_with(&format!("  {mirror}: ")), "{line}");
        assert!(line.contains(wanted), "{line}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_damaged_cache_is_told_and_only_the_damage_downloaded() {
    let folder = tempfile::tempdir().unwrap();
    let mirrors = [good()];
    assert_good(get(folder.path(), &mirrors).0, true);
    let other = folder.path().join("train-labels-idx1-ubyte.gz");
    fs::write(&other, b"something else").unwrap();
    let short = folder.path().join("t10k-images-idx3-ubyte.gz");
    let bytes = fs::read(&short).unwrap();
    fs::write(&short, &bytes[..bytes.len() - 9]).unwrap();
    let (got, events) = get(folder.path(), &mirrors);
    assert_good(got, true);
    let notes: Vec<&String> = events.iter().filter(|event| event.starts_with("Note")).collect();
    assert_eq!(notes.len(), 2);
    assert!(notes[0].contains("train-labels-idx1-ubyte.gz: the cache is damaged"), "{notes:?}");
    assert!(notes[0].contains("SHA-256"), "{notes:?}");
    assert!(notes[1].contains("the gzip data end too early"), "{notes:?}");
    assert_eq!(events.iter().filter(|event| event.starts_with("Started")).count(), 2);
    assert_good(get(folder.path(), &[]).0, false);
}

#[test]
fn a_cache_that_cannot_be_written_does_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a file");
    fs::write(&file, b"").unwrap();
    let (got, events) = get(&file, &[good()]);
    assert_good(got, true);
    assert!(events.iter().any(|event| event.contains("cannot be kept")), "{events:?}");
}

#[test]
fn without_mnist_drawn_digits_are_used_and_said_loudly() {
    let folder = tempfile::tempdir().unwrap();
    let mirrors = vec![nobody(), missing()];
    let search = Search {
        request: Request::default(),
        environment: None,
        cache: folder.path().into(),
        mirrors: mirrors.clone(),
    };
    let mut notes = Vec::new();
    let dataset = search
        .find(&mut |event| {
            if let Event::Note(note) = event {
                notes.push(note.to_owned());
            }
        })
        .unwrap();
    assert_eq!((dataset.name.as_str(), dataset.source), ("drawn-digits", Source::Drawn));
    let [note] = notes.as_slice() else { panic!("{notes:?}") };
    assert!(note.contains("DRAWN DIGITS") && note.contains("--data"), "{note}");
    assert!(mirrors.iter().all(|mirror| note.contains(mirror)), "{note}");
}
