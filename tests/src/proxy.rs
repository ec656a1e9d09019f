//! A way to a server that can be bad: it forwards bytes, until it is told to do something else.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// What becomes of bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// They arrive.
    Open,
    /// New connections are closed at once.
    Closed,
    /// New connections are accepted, and nothing is ever said; what was open says nothing more either.
    Mute,
    /// The connection ends after so many more bytes from the server.
    Ends(usize),
    /// The connection ends after so many more bytes from the server, and new ones are open.
    EndsOnce(usize),
    /// New connections are answered with these bytes, whatever they say.
    Says(&'static [u8]),
}

/// See the module; it is closed when dropped.
#[derive(Debug)]
pub struct Proxy {
    /// Where it listens.
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    target: SocketAddr,
    way: Mutex<Way>,
    open: Mutex<Vec<TcpStream>>,
    over: AtomicBool,
    asked: AtomicUsize,
    requests: AtomicUsize,
}

/// What ends the first line of a request over HTTP, and stands nowhere else in one.
const FIRST_LINE: &[u8] = b" HTTP/1.1\r\n";

#[allow(clippy::unwrap_used)]
impl Proxy {
    /// Listens on a free port.
    ///
    /// # Panics
    /// If there is none.
    pub fn new(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Shared {
            target,
            way: Mutex::new(Way::Open),
            open: Mutex::new(vec![]),
            over: AtomicBool::new(false),
            asked: AtomicUsize::new(0),
            requests: AtomicUsize::new(0),
        };
        let shared = Arc::new(shared);
        let accepting = shared.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if accepting.over.load(Ordering::Acquire) {
                    return;
                }
                accepting.accept(client);
            }
        });
        Self { address, shared }
    }

    /// From now on.
    pub fn set(&self, way: Way) {
        *self.shared.way.lock().unwrap_or_else(PoisonError::into_inner) = way;
    }

    /// How many times somebody said something to the server.
    pub fn asked(&self) -> usize {
        self.shared.asked.load(Ordering::Acquire)
    }

    /// How many requests over HTTP the server was sent.
    pub fn requests(&self) -> usize {
        self.shared.requests.load(Ordering::Acquire)
    }

    /// Ends every connection.
    pub fn cut(&self) {
        for stream in self.shared.open.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            // It may have ended by itself.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::Release);
        self.cut();
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn way(&self) -> Way {
        self.way.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep(&self, stream: &TcpStream) {
        if let Ok(stream) = stream.try_clone() {
            self.open.lock().unwrap_or_else(PoisonError::into_inner).push(stream);
        }
    }

    fn accept(self: &Arc<Self>, mut client: TcpStream) {
        match self.way() {
            Way::Closed => return,
            Way::Mute => return self.keep(&client),
            Way::Says(bytes) => {
                self.keep(&client);
                std::thread::spawn(move || {
                    // PostgreSQL's clients speak first, MySQL's wait; the bytes are the same to both.
                    let _ = client.write_all(bytes);
                    let _ = client.read(&mut [0; 1_024]);
                });
                return;
            }
            Way::Open | Way::Ends(_) | Way::EndsOnce(_) => {}
        }
        let Ok(server) = TcpStream::connect(self.target) else {
            return;
        };
        self.keep(&client);
        self.keep(&server);
        for stream in [&client, &server] {
            // Without it each answer waits for an acknowledgement.
            let _ = stream.set_nodelay(true);
        }
        let (Ok(from_client), Ok(to_server)) = (client.try_clone(), server.try_clone()) else {
            return;
        };
        let (up, down) = (self.clone(), self.clone());
        std::thread::spawn(move || up.pump(from_client, to_server, false));
        std::thread::spawn(move || down.pump(server, client, true));
    }

    /// Passes bytes on; what comes from the server may be the last.
    fn pump(&self, mut from: TcpStream, mut to: TcpStream, down: bool) {
        let mut buffer = [0; 4_096];
        let mut matched = 0;
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            let mut passed = count;
            if !down {
                self.asked.fetch_add(1, Ordering::AcqRel);
                for byte in &buffer[..count] {
                    matched = if *byte == FIRST_LINE[matched] { matched + 1 } else { usize::from(*byte == b' ') };
                    if matched == FIRST_LINE.len() {
                        matched = 0;
                        self.requests.fetch_add(1, Ordering::AcqRel);
                    }
                }
            }
            if down {
                let mut way = self.way.lock().unwrap_or_else(PoisonError::into_inner);
                match &mut *way {
                    Way::Mute => continue,
                    Way::Ends(left) if *left < count => {
                        passed = *left;
                        *left = 0;
                    }
                    Way::EndsOnce(left) if *left < count => {
                        passed = *left;
                        *way = Way::Open;
                    }
                    Way::Ends(left) | Way::EndsOnce(left) => *left -= count,
                    _ => {}
                }
            }
            if to.write_all(&buffer[..passed]).is_err() || passed < count {
                break;
            }
        }
        // Either end may be closed already.
        let _ = from.shutdown(Shutdown::Both);
        let _ = to.shutdown(Shutdown::Both);
    }
}
