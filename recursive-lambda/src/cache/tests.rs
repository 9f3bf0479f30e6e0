//! The cache on a real disk, which may be small, with a store in memory that counts its requests.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics has failed")]

use super::name::{Name, is_part};
use super::*;
use bytes::Bytes;
use std::collections::HashMap;
use std::fs::{self, File};
use std::future::Future;
use std::io::{self, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tempfile::TempDir;

struct Platform {
    folder: TempDir,
    /// ETag and body of each key.
    objects: Mutex<HashMap<String, (String, Bytes)>>,
    gets: AtomicU64,
    heads: AtomicU64,
    /// How many bytes the disk holds.
    capacity: AtomicU64,
    /// Whether the second read of an object fails.
    breaks: AtomicBool,
}

impl Objects for Platform {
    async fn head(&self, named: &PinnedObject) -> Result<PinnedObject, SourceError> {
        self.heads.fetch_add(1, Ordering::Relaxed);
        let objects = self.objects.lock().unwrap();
        let (etag, body) = objects.get(&named.key).ok_or(SourceError::NoSuchObject)?;
        Ok(PinnedObject { etag: etag.clone(), size: body.len() as u64, ..named.clone() })
    }

    fn get(&self, object: &PinnedObject, range: Range<u64>) -> impl Future<Output = Result<Bytes, SourceError>> + Send + 'static {
        self.gets.fetch_add(1, Ordering::Relaxed);
        let objects = self.objects.lock().unwrap();
        let read = match objects.get(&object.key) {
            _ if self.breaks.load(Ordering::Relaxed) && range.start > 0 => Err(SourceError::Failed("broken".into())),
            Some((etag, body)) if *etag == object.etag => Ok(body.slice(range.start as usize..range.end as usize)),
            Some(_) => Err(SourceError::Changed),
            None => Err(SourceError::NoSuchObject),
        };
        async move {
            tokio::task::yield_now().await;
            read
        }
    }
}

impl Disk for Platform {
    fn temporary(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> impl Future<Output = Option<T>> + Send + 'static {
        let running = tokio::task::spawn_blocking(work);
        async move { running.await.ok() }
    }

    fn write(&self, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        let used: u64 = self.lying().iter().map(|path| fs::metadata(path).unwrap().len()).sum();
        let fitting = self.capacity.load(Ordering::Relaxed).saturating_sub(used).min(bytes.len() as u64) as usize;
        file.write_all(&bytes[..fitting])?;
        if fitting < bytes.len() { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }
}

impl Platform {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            folder: tempfile::tempdir().unwrap(),
            objects: Mutex::default(),
            gets: AtomicU64::new(0),
            heads: AtomicU64::new(0),
            capacity: AtomicU64::new(u64::MAX),
            breaks: AtomicBool::new(false),
        })
    }

    fn put(&self, key: &str, etag: &str, body: impl Into<Bytes>) -> PinnedObject {
        let body = body.into();
        let object = PinnedObject { key: key.into(), etag: etag.into(), size: body.len() as u64, ..PinnedObject::for_tests() };
        self.objects.lock().unwrap().insert(key.into(), (etag.into(), body));
        object
    }

    /// Objects of this size.
    fn put_all<const N: usize>(&self, size: usize) -> [PinnedObject; N] {
        std::array::from_fn(|index| self.put(&index.to_string(), "v1", vec![index as u8; size]))
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("recursive-lambda")
    }

    /// The names in the folder.
    fn lying(&self) -> Vec<PathBuf> {
        fs::read_dir(self.path()).unwrap().map(|entry| entry.unwrap().path()).collect()
    }

    fn file(&self, object: &PinnedObject) -> PathBuf {
        self.path().join(Name::of(object).to_string())
    }

    fn asked(&self) -> (u64, u64) {
        (self.gets.swap(0, Ordering::Relaxed), self.heads.swap(0, Ordering::Relaxed))
    }
}

#[test]
fn no_key_reaches_a_path() {
    let folder = Path::new("/tmp/recursive-lambda");
    let of = |bucket: &str, key: &str, version: Option<&str>, etag: &str, size| {
        let version = version.map(String::from);
        Name::of(&PinnedObject {
            bucket: bucket.into(),
            key: key.into(),
            version,
            etag: etag.into(),
            size,
            ..PinnedObject::for_tests()
        })
    };
    let long = "k".repeat(1024);
    let names = [
        of("bucket", "plain.csv", None, "e", 1),
        of("bucket", "../../etc/passwd", None, "e", 1),
        of("bucket", "/etc/passwd", None, "e", 1),
        of("bucket", "..", None, "e", 1),
        of("bucket", "", None, "e", 1),
        of("bucket", "a\0b\n\u{202e}", None, "e", 1),
        of("bucket", &long, None, "e", 1),
        of("bucket", "PLAIN.CSV", None, "e", 1),
        of("bucketp", "lain.csv", None, "e", 1),
        of("bucket", "plain.csv", None, "f", 1),
        of("bucket", "plain.csv", None, "e", 2),
        of("bucket", "plain.csv", Some("e"), "e", 1),
        of("bucket", "plain.csv", Some("../.."), "e", 1),
    ];
    for (index, name) in names.iter().enumerate() {
        let text = name.to_string();
        assert!(text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()), "{text}");
        assert_eq!(folder.join(&text).parent(), Some(folder));
        assert!(!names[..index].contains(name), "line {index}: two objects have one name");
    }
}

#[test]
fn only_its_own_files_are_used() {
    let name = Name::of(&PinnedObject::for_tests());
    //                                             whole  part
    for (found, whole, part) in [
        (name.to_string(), true, false),
        (name.part(7), false, true),
        (name.to_string().to_uppercase(), false, false),
        (name.to_string()[1..].to_owned(), false, false),
        (format!("{name}.part"), false, false),
        ("x.part.7".into(), false, false),
        ("notes.txt".into(), false, false),
    ] {
        assert_eq!((Name::read(&found).is_some(), is_part(&found)), (whole, part), "{found}");
    }
}

#[tokio::test]
async fn an_object_is_fetched_once() {
    let platform = Platform::new();
    let body: Vec<u8> = (0..(9 << 20) + 1).map(|index: u32| (index % 251) as u8).collect();
    let object = platform.put("big", "v1", body.clone());
    let cache = Arc::new(Cache::new());
    let all = futures_util::future::join_all((0..8).map(|_| cache.hold(&platform, &object))).await;
    let paths: Vec<_> = all.iter().map(|cached_file| cached_file.as_ref().unwrap().path().to_owned()).collect();
    assert!(paths.iter().all(|path| *path == platform.file(&object)));
    assert_eq!(fs::read(&paths[0]).unwrap(), body);
    assert_eq!(platform.asked(), (3, 7), "three ranges for the first one, and each other one checks that it still is the object");
    drop(all);

    let next = Arc::new(Cache::new());
    assert_eq!(fs::read(next.hold(&platform, &object).await.unwrap().path()).unwrap(), body);
    assert_eq!(platform.asked(), (0, 1));
}

#[tokio::test]
async fn incomplete_files_are_never_used() {
    let platform = Platform::new();
    let object = platform.put("key", "v1", "the whole object");
    let file = platform.file(&object);
    let elsewhere = platform.folder.path().join("elsewhere");
    fs::write(&elsewhere, "another's bytes!").unwrap();
    let spoil: [(&str, &dyn Fn()); 5] = [
        ("torn", &|| fs::write(&file, "the whole").unwrap()),
        ("too long", &|| fs::write(&file, "the whole object and more").unwrap()),
        ("empty", &|| fs::write(&file, "").unwrap()),
        ("a folder", &|| fs::create_dir(&file).unwrap()),
        #[cfg(unix)]
        ("a link", &|| std::os::unix::fs::symlink(&elsewhere, &file).unwrap()),
    ];
    for (what, spoil) in spoil {
        // In the same process, and in one that finds it like that.
        for cache in [Arc::new(Cache::new()), Arc::new(Cache::new())] {
            drop(cache.hold(&platform, &object).await.unwrap());
            fs::remove_file(&file).unwrap();
            spoil();
            platform.asked();
            let cached_file = cache.hold(&platform, &object).await.unwrap();
            assert_eq!(fs::read(cached_file.path()).unwrap(), b"the whole object", "{what}");
            assert_eq!(platform.asked(), (1, 0), "{what}");
        }
        let spoilt = Arc::new(Cache::new());
        fs::remove_file(&file).unwrap();
        spoil();
        assert_eq!(fs::read(spoilt.hold(&platform, &object).await.unwrap().path()).unwrap(), b"the whole object", "{what}");
    }
    assert_eq!(fs::read(&elsewhere).unwrap(), b"another's bytes!");
}

#[tokio::test]
async fn only_dead_processes_files_are_removed() {
    let platform = Platform::new();
    let object = platform.put("key", "v1", "body");
    fs::create_dir(platform.path()).unwrap();
    let left = platform.path().join(Name::of(&object).part(1));
    let foreign = platform.path().join("notes.part.txt");
    for path in [&left, &foreign] {
        fs::write(path, "half").unwrap();
    }
    let cache = Arc::new(Cache::new());
    let _held = cache.hold(&platform, &object).await.unwrap();
    assert!(!left.exists() && foreign.exists() && platform.file(&object).exists());
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_can_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let platform = Platform::new();
    let object = platform.put("key", "v1", "body");
    fs::create_dir(platform.path()).unwrap();
    fs::set_permissions(platform.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let cached_file = Arc::new(Cache::new()).hold(&platform, &object).await.unwrap();
    for (path, mode) in [(platform.path(), 0o700), (cached_file.path().to_owned(), 0o600)] {
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, mode);
    }

    let linked = Platform::new();
    std::os::unix::fs::symlink(platform.path(), linked.path()).unwrap();
    linked.put("key", "v1", "body");
    assert!(matches!(Arc::new(Cache::new()).hold(&linked, &object).await, Err(SourceError::Disk(_))), "a link is not a folder");
}

#[tokio::test]
async fn a_replaced_object_is_fetched_again() {
    let platform = Platform::new();
    let cache = Arc::new(Cache::new());
    for replace in [Some("v2"), None] {
        let object = platform.put("key", "v1", "first");
        drop(cache.hold(&platform, &object).await.unwrap());
        let gone = match replace {
            Some(etag) => (platform.put("key", etag, "other"), SourceError::Changed).1,
            None => (platform.objects.lock().unwrap().clear(), SourceError::NoSuchObject).1,
        };
        assert_eq!(cache.hold(&platform, &object).await.err(), Some(gone));
        assert_eq!(platform.lying(), Vec::<PathBuf>::new());
    }
}

#[tokio::test]
async fn a_full_disk_evicts_the_oldest_unused() {
    let platform = Platform::new();
    let objects: [PinnedObject; 5] = platform.put_all(100);
    let cache = Arc::new(Cache::new());
    // 2 is the oldest, but in use; 0 is older than 1, but was used again.
    let in_use = cache.hold(&platform, &objects[2]).await.unwrap();
    for index in [0, 1, 0] {
        drop(cache.hold(&platform, &objects[index]).await.unwrap());
    }
    platform.capacity.store(350, Ordering::Relaxed);
    let there = || objects.iter().map(|object| platform.file(object).exists()).collect::<Vec<_>>();
    let third = cache.hold(&platform, &objects[3]).await.unwrap();
    assert_eq!(there(), [true, false, true, true, false]);
    assert_eq!(fs::read(third.path()).unwrap(), [3; 100], "what was written before there was room is not in it twice");

    platform.capacity.store(250, Ordering::Relaxed);
    assert_eq!(cache.hold(&platform, &objects[4]).await.err(), Some(SourceError::NoSpace { needed: 300 }));
    assert_eq!(there(), [false, false, true, true, false], "all that could give way did");
    assert_eq!(platform.lying().len(), 2, "nothing is left of a fetch that failed");
    drop(in_use);
    let fourth = cache.hold(&platform, &objects[4]).await.unwrap();
    assert_eq!((there(), fs::read(fourth.path()).unwrap()), (vec![false, false, false, true, true], vec![4; 100]));
}

#[tokio::test]
async fn eviction_order_survives_a_process() {
    let platform = Platform::new();
    let objects: [PinnedObject; 3] = platform.put_all(100);
    for index in [1, 0] {
        drop(Arc::new(Cache::new()).hold(&platform, &objects[index]).await.unwrap());
        let past = std::time::SystemTime::now() - std::time::Duration::from_secs(100 * (1 + index as u64));
        File::options().write(true).open(platform.file(&objects[index])).unwrap().set_modified(past).unwrap();
    }
    platform.capacity.store(200, Ordering::Relaxed);
    let _held = Arc::new(Cache::new()).hold(&platform, &objects[2]).await.unwrap();
    let there = objects.map(|object| platform.file(&object).exists());
    assert_eq!(there, [true, false, true]);
}

#[tokio::test]
async fn a_broken_fetch_leaves_nothing() {
    let platform = Platform::new();
    let object = platform.put("key", "v1", vec![7; 5 << 20]);
    let cache = Arc::new(Cache::new());
    platform.breaks.store(true, Ordering::Relaxed);
    assert!(matches!(cache.hold(&platform, &object).await, Err(SourceError::Failed(_))));
    assert_eq!(platform.lying(), Vec::<PathBuf>::new());
    platform.breaks.store(false, Ordering::Relaxed);
    assert_eq!(fs::read(cache.hold(&platform, &object).await.unwrap().path()).unwrap().len(), 5 << 20);
}

#[tokio::test]
async fn the_last_run_deletes_the_file() {
    let platform = Platform::new();
    let object = platform.put("key", "v1", "body");
    let cache = Arc::new(Cache::new());
    let (first, second) = (cache.hold(&platform, &object).await.unwrap(), cache.hold(&platform, &object).await.unwrap());
    let path = first.path().to_owned();
    cache.discard(&platform, Arc::new(first)).await;
    assert!(path.exists());
    cache.discard(&platform, Arc::new(second)).await;
    assert!(!path.exists());
}

#[tokio::test]
async fn a_file_has_the_objects_bytes() {
    let platform = Platform::new();
    let object = platform.put("key", "v1", "0123456789");
    let local = || Arc::new(Local::new(Arc::new(Cache::new()), Arc::clone(&platform), object.clone()));
    for origin in [Origin::Store(Arc::clone(&platform)), Origin::File(local())] {
        for (range, want) in [(0..10, "0123456789"), (3..5, "34"), (9..10, "9")] {
            assert_eq!(origin.get(&object, range).await.unwrap(), want);
        }
    }
    assert_eq!(platform.asked().0, 4, "three ranges, and the whole once");
}
