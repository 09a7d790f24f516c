//! One kept-alive HTTP/1.1 connection to loopback; what the bench needs and no more.

use crate::shell::Outcome;
use serde_json::Value;
use std::io::{BufRead, BufReader, IoSlice, Read, Write};
use std::net::TcpStream;

/// A connection.
pub struct Line {
    stream: BufReader<TcpStream>,
    port: u16,
}

/// What came back, its bytes kept as they came.
pub struct Answer {
    pub status: u16,
    pub head: Vec<u8>,
    pub body: Vec<u8>,
}

impl Answer {
    /// The JSON of an answer with this status; anything else is told as it came.
    pub fn json(self, status: u16) -> Outcome<Value> {
        if self.status != status {
            let said = String::from_utf8_lossy(&self.body);
            return Err(format!("{} where {status} was expected: {said}", self.status));
        }
        serde_json::from_slice(&self.body).map_err(|e| format!("not JSON: {e}"))
    }

    /// Nothing but whether it was 200, or the way to a page that was found.
    pub fn good(&self) -> Outcome {
        if matches!(self.status, 200 | 303) { Ok(()) } else { Err(format!("the answer is {}", self.status)) }
    }
}

impl Line {
    pub fn open(port: u16) -> Outcome<Line> {
        let stream = TcpStream::connect(("127.0.0.1", port)).map_err(|e| format!("port {port}: {e}"))?;
        stream.set_nodelay(true).map_err(|e| e.to_string())?;
        Ok(Line { stream: BufReader::with_capacity(64 * 1024, stream), port })
    }

    pub fn get(&mut self, path: &str) -> Outcome<Answer> {
        self.ask("GET", path, &[], &[])
    }

    /// As the account of this token.
    pub fn get_as(&mut self, token: &str, path: &str) -> Outcome<Answer> {
        self.ask("GET", path, &[("authorization", &format!("Bearer {token}"))], &[])
    }

    pub fn post(&mut self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Outcome<Answer> {
        self.ask("POST", path, headers, body)
    }

    /// The answer to a plain GET, head and body, byte for byte.
    pub fn raw_answer(&mut self, path: &str) -> Outcome<Vec<u8>> {
        let answer = self.get(path)?;
        if answer.status != 200 {
            return Err(format!("{path} answers {}", answer.status));
        }
        Ok([answer.head, answer.body].concat())
    }

    fn ask(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Outcome<Answer> {
        let mut request = format!("{method} {path} HTTP/1.1\r\nhost: 127.0.0.1:{}\r\n", self.port);
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        if method != "GET" {
            request += &format!("content-length: {}\r\n", body.len());
        }
        request += "\r\n";
        let mut pieces: &mut [_] = &mut [IoSlice::new(request.as_bytes()), IoSlice::new(body)];
        while !pieces.is_empty() {
            let written = self.stream.get_mut().write_vectored(pieces).map_err(|e| format!("{path}: {e}"))?;
            IoSlice::advance_slices(&mut pieces, written);
        }
        self.answer().map_err(|e| format!("{path}: {e}"))
    }

    fn answer(&mut self) -> Outcome<Answer> {
        let mut head = Vec::new();
        loop {
            let before = head.len();
            let read = self.stream.read_until(b'\n', &mut head).map_err(|e| e.to_string())?;
            match read {
                0 => return Err("the connection closed".into()),
                _ if head[before..] == *b"\r\n" => break,
                _ => {}
            }
        }
        let text = String::from_utf8_lossy(&head).to_ascii_lowercase();
        let status = text.get(9..12).and_then(|code| code.parse().ok()).ok_or("no status line")?;
        let length = text.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
        let body = match length {
            Some(length) => self.exactly(length)?,
            None if text.contains("transfer-encoding: chunked") => self.chunks()?,
            None => Vec::new(),
        };
        Ok(Answer { status, head, body })
    }

    fn exactly(&mut self, length: usize) -> Outcome<Vec<u8>> {
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).map_err(|e| e.to_string())?;
        Ok(body)
    }

    /// The chunks' contents; the chunk lines themselves are not kept.
    fn chunks(&mut self) -> Outcome<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line).map_err(|e| e.to_string())?;
            let length = usize::from_str_radix(line.trim(), 16).map_err(|_| "a chunk without a length")?;
            body.extend(self.exactly(length)?);
            self.exactly(2)?;
            if length == 0 {
                return Ok(body);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn answers_with_a_length_and_in_chunks_are_read_on_one_connection() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("it listens").port();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a caller");
            let answers: [&[u8]; 2] = [
                b"HTTP/1.1 201 Created\r\nContent-Length: 8\r\n\r\n{\"a\": 1}",
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
            ];
            let mut asked = Vec::new();
            for answer in answers {
                let mut buffer = [0; 1024];
                let read = stream.read(&mut buffer).expect("a request");
                asked.push(String::from_utf8_lossy(&buffer[..read]).into_owned());
                stream.write_all(answer).expect("the caller listens");
            }
            asked
        });
        let mut line = Line::open(port).expect("it listens");
        let made = line.post("/x", &[("k", "v")], b"body").and_then(|answer| answer.json(201));
        assert_eq!(made, Ok(serde_json::json!({ "a": 1 })));
        assert_eq!(line.get("/y").map(|answer| answer.body), Ok(b"abcde".to_vec()));
        let asked = server.join().expect("the server ends");
        assert!(asked[0].ends_with("k: v\r\ncontent-length: 4\r\n\r\nbody"), "{}", asked[0]);
    }
}
