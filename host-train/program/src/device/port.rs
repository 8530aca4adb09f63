//! Addresses of boards, and lines of bytes to them.

use super::{
    emulated::Emulated,
    error::PortError,
    settings::{READ, Settings},
};
use serialport::{SerialPort, SerialPortInfo, SerialPortType, UsbPortInfo};
use shared_model::wire::{BASE_BAUD, USB_IDS, USB_PRODUCT};
use std::{
    fmt,
    io::{self, ErrorKind, Read, Write},
    net::{TcpStream, ToSocketAddrs},
    str::FromStr,
    time::{Duration, Instant},
};

/// The time that a write waits for a line that takes nothing.
const WRITE: Duration = Duration::from_secs(10);
const CONNECT: Duration = Duration::from_secs(5);

/// How `serialport` puts ENOTTY: what was opened is a file or another device.
const NO_TERMINAL: &str = "Not a typewriter";

const TCP: &str = "tcp:";
const EMULATE: &str = "emulate:";
const AUTO: &str = "auto";

/// The address of a board: the name of a serial port, `auto`, `tcp:HOST:PORT`, `emulate:BOARD`, or
/// `emulate:BOARD:usb`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A serial port, `/dev/ttyACM0` or `COM3`.
    Serial(String),
    /// The serial port of the only board that is on USB.
    Auto,
    /// `HOST:PORT`, where the bytes of a serial line go in and out.
    Tcp(String),
    /// A board of this name, which this program has the project's launcher build and boot. With
    /// `:usb` after the name, it is talked to over its USB port.
    Emulated(String),
}

impl FromStr for Address {
    type Err = PortError;

    fn from_str(text: &str) -> Result<Self, PortError> {
        let address = match text {
            AUTO => Self::Auto,
            _ if let Some(place) = text.strip_prefix(TCP) => Self::Tcp(place.into()),
            _ if let Some(board) = text.strip_prefix(EMULATE) => Self::Emulated(board.into()),
            _ => Self::Serial(text.into()),
        };
        match &address {
            Self::Serial(name) | Self::Emulated(name) if name.is_empty() => {
                Err(PortError::Address(text.into()))
            }
            Self::Tcp(place) if !place.rsplit_once(':').is_some_and(|(host, port)| is_place(host, port)) => {
                Err(PortError::Address(text.into()))
            }
            _ => Ok(address),
        }
    }
}

fn is_place(host: &str, port: &str) -> bool {
    !host.is_empty() && port.parse::<u16>().is_ok()
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Serial(name) => f.write_str(name),
            Self::Auto => f.write_str(AUTO),
            Self::Tcp(place) => write!(f, "{TCP}{place}"),
            Self::Emulated(board) => write!(f, "{EMULATE}{board}"),
        }
    }
}

/// Returns the names of this machine's serial ports.
pub fn serial_ports() -> Vec<String> {
    let ports = serialport::available_ports().unwrap_or_default();
    let mut names: Vec<String> = ports.into_iter().map(|port| port.port_name).collect();
    names.sort();
    names
}

/// Returns the address itself, or instead of [`Address::Auto`] the port that it stands for.
///
/// # Errors
/// Returns [`PortError::NoBoard`] or [`PortError::Boards`] if there is not exactly one board.
pub fn resolve(address: &Address) -> Result<Address, PortError> {
    match address {
        Address::Auto => {
            choose(&serialport::available_ports().unwrap_or_default(), cfg!(windows)).map(Address::Serial)
        }
        other => Ok(other.clone()),
    }
}

/// Returns the name of the port of the only board.
fn choose(ports: &[SerialPortInfo], is_windows: bool) -> Result<String, PortError> {
    let mut boards: Vec<(&str, Option<&str>)> = ports
        .iter()
        .filter_map(|port| match &port.port_type {
            SerialPortType::UsbPort(usb) if is_board(usb, is_windows) => {
                Some((port.port_name.as_str(), usb.serial_number.as_deref()))
            }
            _ => None,
        })
        .collect();
    boards.sort_unstable();
    // macOS has two names for each port, and the first is for calling out.
    let mut seen = Vec::new();
    boards.retain(|(_, number)| {
        let is_new = number.is_none() || !seen.contains(number);
        seen.push(*number);
        is_new
    });
    match boards[..] {
        [(name, _)] => Ok(name.into()),
        [] => {
            let mut available: Vec<String> = ports.iter().map(|port| port.port_name.clone()).collect();
            available.sort();
            Err(PortError::NoBoard { available })
        }
        _ => {
            let named = |(name, number): &(&str, Option<&str>)| match number {
                Some(number) => format!("{name} (serial number {number})"),
                None => (*name).into(),
            };
            Err(PortError::Boards(boards.iter().map(named).collect()))
        }
    }
}

/// Returns whether it calls itself a board. Windows does not ask for a product's name, and gives
/// another.
fn is_board(usb: &UsbPortInfo, is_windows: bool) -> bool {
    let is_named = usb.product.as_deref() == Some(USB_PRODUCT);
    is_named || (is_windows && (usb.vid, usb.pid) == USB_IDS)
}

/// An open line to a board.
///
/// A read that finds nothing returns [`TimedOut`](ErrorKind::TimedOut) or
/// [`WouldBlock`](ErrorKind::WouldBlock) after 50 ms.
pub struct Port {
    link: Link,
    received: u64,
}

enum Link {
    Serial(Box<dyn SerialPort>),
    Tcp(TcpStream),
    Emulated(Emulated),
}

impl Port {
    /// Opens a port.
    ///
    /// # Errors
    /// Returns the reason why the port cannot be opened.
    pub fn open(address: &Address, settings: &Settings) -> Result<Self, PortError> {
        let link = match address {
            Address::Auto => return Self::open(&resolve(address)?, settings),
            Address::Serial(name) => Link::Serial(open_serial(name, settings.baud.unwrap_or(BASE_BAUD))?),
            Address::Tcp(place) => {
                Link::Tcp(open_tcp(place).map_err(|error| PortError::Tcp { place: place.clone(), error })?)
            }
            Address::Emulated(board) => Link::Emulated(Emulated::start(board, settings)?),
        };
        Ok(Self { link, received: 0 })
    }

    /// Changes the rate of a serial port, in bits a second. Other lines have none.
    ///
    /// # Errors
    /// Returns the system's error: the port does not have this rate, for example.
    pub fn set_baud(&mut self, baud: u32) -> io::Result<()> {
        match &mut self.link {
            Link::Serial(serial) => Ok(serial.set_baud_rate(baud)?),
            Link::Tcp(_) | Link::Emulated(_) => Ok(()),
        }
    }

    /// Returns the number of bytes that have arrived since it was opened.
    pub fn received(&self) -> u64 {
        self.received
    }

    /// Returns how an emulated board's program ended, if it has.
    pub fn ended(&mut self) -> Option<String> {
        match &mut self.link {
            Link::Emulated(emulated) => emulated.ended().map(|status| status.to_string()),
            Link::Serial(_) | Link::Tcp(_) => None,
        }
    }
}

fn open_serial(name: &str, baud: u32) -> Result<Box<dyn SerialPort>, PortError> {
    let opened = serialport::new(name, baud).timeout(READ).open();
    opened.map_err(|error| match error.kind {
        serialport::ErrorKind::Io(ErrorKind::NotFound) => {
            PortError::NotFound { name: name.into(), available: serial_ports() }
        }
        // On Windows an open port is denied, and one that is not there is no device; elsewhere that
        // one is busy.
        serialport::ErrorKind::NoDevice if cfg!(windows) => {
            PortError::NotFound { name: name.into(), available: serial_ports() }
        }
        serialport::ErrorKind::Io(ErrorKind::PermissionDenied) if cfg!(windows) => {
            PortError::Busy(name.into())
        }
        serialport::ErrorKind::Io(ErrorKind::PermissionDenied) => PortError::Denied(name.into()),
        serialport::ErrorKind::NoDevice => PortError::Busy(name.into()),
        _ if error.description == NO_TERMINAL => PortError::NotSerial(name.into()),
        _ => PortError::Serial { name: name.into(), reason: error.description },
    })
}

fn open_tcp(place: &str) -> io::Result<TcpStream> {
    let mut last = io::Error::from(ErrorKind::AddrNotAvailable);
    for address in place.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, CONNECT) {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                stream.set_read_timeout(Some(READ))?;
                stream.set_write_timeout(Some(WRITE))?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

impl Read for Port {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = match &mut self.link {
            Link::Serial(serial) => read_serial(serial.as_mut(), buffer),
            Link::Tcp(stream) => stream.read(buffer),
            Link::Emulated(emulated) => emulated.read(buffer),
        }?;
        self.received += read as u64;
        Ok(read)
    }
}

impl Write for Port {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.link {
            Link::Serial(serial) => write_serial(serial.as_mut(), bytes),
            Link::Tcp(stream) => stream.write(bytes),
            Link::Emulated(emulated) => emulated.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.link {
            Link::Serial(serial) => serial.flush().map_err(unplugged),
            Link::Tcp(stream) => stream.flush(),
            Link::Emulated(emulated) => emulated.flush(),
        }
    }
}

/// Reads from a serial port. A port whose board is gone ends, or fails, as the system has it.
fn read_serial(serial: &mut dyn SerialPort, buffer: &mut [u8]) -> io::Result<usize> {
    match serial.read(buffer) {
        Ok(0) if !buffer.is_empty() => Err(unplugged(ErrorKind::UnexpectedEof.into())),
        result => result.map_err(unplugged),
    }
}

/// Returns the error of an open serial port, with what it probably means unless nothing arrived.
fn unplugged(error: io::Error) -> io::Error {
    match error.kind() {
        ErrorKind::TimedOut | ErrorKind::WouldBlock | ErrorKind::Interrupted => error,
        kind => io::Error::new(kind, format!("{error}; was the board unplugged?")),
    }
}

/// Writes to a serial port, which has one timeout for both ways; what it has to send may take longer than a
/// read should wait.
fn write_serial(serial: &mut dyn SerialPort, bytes: &[u8]) -> io::Result<usize> {
    let start = Instant::now();
    loop {
        match serial.write(bytes) {
            Err(error) if error.kind() == ErrorKind::TimedOut && start.elapsed() < WRITE => {}
            result => return result.map_err(unplugged),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usb(name: &str, vid: u16, pid: u16, number: Option<&str>, product: &str) -> SerialPortInfo {
        let (serial_number, product) = (number.map(str::to_owned), Some(product.to_owned()));
        let usb = UsbPortInfo { vid, pid, serial_number, manufacturer: None, product };
        SerialPortInfo { port_name: name.into(), port_type: SerialPortType::UsbPort(usb) }
    }

    #[test]
    fn the_only_board_is_found() {
        let pci = SerialPortInfo { port_name: "/dev/ttyS0".into(), port_type: SerialPortType::PciPort };
        let probe = usb("/dev/ttyACM0", 0x2e8a, 0x000c, Some("E6"), "Debug Probe (CMSIS-DAP)");
        let stranger = usb("/dev/ttyACM1", 0x1209, 0x0001, Some("1"), "somebody's test");
        let board = |name, number| usb(name, 0x1209, 0x0001, number, "tinytriplet");
        let others = [pci.clone(), probe, stranger];

        let ports = [&others[..], &[board("/dev/ttyACM2", Some("A"))]].concat();
        assert_eq!(choose(&ports, false).unwrap(), "/dev/ttyACM2");
        let none = choose(&others, false).unwrap_err().to_string();
        assert!(none.contains("/dev/ttyACM0, /dev/ttyACM1, /dev/ttyS0"), "{none}");
        let none = choose(&[], false).unwrap_err().to_string();
        assert!(none.contains("there are no ports"), "{none}");

        let two = [board("/dev/ttyACM5", Some("B")), board("/dev/ttyACM4", Some("A"))];
        let several = choose(&two, false).unwrap_err().to_string();
        let expected = "/dev/ttyACM4 (serial number A), /dev/ttyACM5 (serial number B)";
        assert!(several.contains(expected), "{several}");
        let nameless = [board("/dev/ttyACM5", None), board("/dev/ttyACM4", None)];
        assert!(choose(&nameless, false).is_err());
        let twice = [board("/dev/tty.usbmodem1", Some("A")), board("/dev/cu.usbmodem1", Some("A"))];
        assert_eq!(choose(&twice, false).unwrap(), "/dev/cu.usbmodem1");

        // Windows has its own names.
        let com = [pci, usb("COM3", 0x1209, 0x0001, Some("A"), "USB Serial Device (COM3)")];
        assert_eq!(choose(&com, true).unwrap(), "COM3");
        assert!(choose(&com, false).is_err());
    }

    #[test]
    fn addresses() {
        let address = |text: &str| text.parse::<Address>().unwrap();
        assert_eq!(address("/dev/ttyACM0"), Address::Serial("/dev/ttyACM0".into()));
        assert_eq!(address("COM3"), Address::Serial("COM3".into()));
        assert_eq!(address("tcp:[::1]:4000"), Address::Tcp("[::1]:4000".into()));
        assert_eq!(address("auto"), Address::Auto);
        assert_eq!(address("emulate:pico"), Address::Emulated("pico".into()));
        for text in ["/dev/ttyACM0", "auto", "tcp:localhost:4000", "emulate:pico", "emulate:pico:usb"] {
            assert_eq!(address(text).to_string(), text);
        }
        for text in ["", "emulate:", "tcp:", "tcp:localhost", "tcp::80", "tcp:localhost:http"] {
            let message = text.parse::<Address>().unwrap_err().to_string();
            assert!(message.starts_with(&format!("`{text}` is no port: say ")), "{message}");
        }
    }

    #[test]
    fn a_port_that_is_not_there() {
        let error = Port::open(&Address::Serial("/dev/ttyNOT0".into()), &Settings::default()).err().unwrap();
        assert!(error.to_string().starts_with("/dev/ttyNOT0: no such port (th"), "{error}");
        // A port that nobody listens at: it was free a moment ago.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let place = listener.local_addr().unwrap().to_string();
        drop(listener);
        let error = Port::open(&Address::Tcp(place.clone()), &Settings::default()).err().unwrap();
        assert!(error.to_string().starts_with(&format!("tcp:{place}: ")), "{error}");
        assert!(error.to_string().ends_with("listening there?"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_serial_port_is_said_to_be_none() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for name in [file.path().to_str().unwrap(), "/dev/null"] {
            let error = Port::open(&Address::Serial(name.into()), &Settings::default()).err().unwrap();
            assert!(error.to_string().starts_with(&format!("{name}: this is no serial port")), "{error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_board_that_was_unplugged_is_said_to_be() {
        let (other, slave) = serialport::TTYPort::pair().unwrap();
        let name = slave.name().unwrap();
        drop(slave);
        let mut port = Port::open(&Address::Serial(name), &Settings::default()).unwrap();
        drop(other);
        for error in [port.read(&mut [0; 8]).unwrap_err(), port.write_all(&[0]).unwrap_err()] {
            assert!(error.to_string().ends_with("; was the board unplugged?"), "{error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn bytes_go_over_a_serial_port() {
        let (mut other, slave) = serialport::TTYPort::pair().unwrap();
        let name = slave.name().unwrap();
        drop(slave);
        let mut port = Port::open(&Address::Serial(name), &Settings::default()).unwrap();
        assert_eq!(port.read(&mut [0; 8]).unwrap_err().kind(), ErrorKind::TimedOut);
        port.write_all(&[0, 0x11, 0x13, b'\n', 255]).unwrap();
        let mut bytes = [1; 5];
        other.read_exact(&mut bytes).unwrap();
        assert_eq!(bytes, [0, 0x11, 0x13, b'\n', 255]);
        other.write_all(&bytes).unwrap();
        let mut bytes = [1; 5];
        port.read_exact(&mut bytes).unwrap();
        assert_eq!((bytes, port.received()), ([0, 0x11, 0x13, b'\n', 255], 5));
    }
}
