//! The users that the server needs: the house, those who may command, those who look on.

use std::fmt::Write as _;

use crate::bus::redis::names::{LOCAL_ONLY, command_topics, reply_channel};

/// What to do about a server without users, in one line.
pub const REMEDY: &str = "give it users, then shut the default one: print them with \
     flightdeck bus acl > users.acl, put passwords in, and start redis-server --aclfile users.acl; \
     or, on this machine and for development alone, set bus.trust = \"loopback\"";

/// What the house itself may do.
pub const HOUSE: &str = "resetkeys ~flightdeck:* resetchannels &* -@all \
     +hello +ping +publish +subscribe +unsubscribe +xadd +xrange +xrevrange +get +set";

/// Returns an access control file: everybody off but the house, one sender, one reader.
pub fn file(sender: &str) -> String {
    let mut text = String::from(
        "user default off\n\
         user flightdeck on >PUT-A-PASSWORD-HERE ",
    );
    text.push_str(HOUSE);
    let reply = reply_channel(sender);
    // Writing to a text cannot fail.
    let _ =
        write!(text, "\nuser {sender} on >PUT-A-PASSWORD-HERE resetkeys resetchannels &{reply}");
    for (topic, _) in command_topics().filter(|(_, name)| !LOCAL_ONLY.contains(name)) {
        let _ = write!(text, " &{topic}");
    }
    text.push_str(
        " -@all +hello +ping +publish +subscribe +unsubscribe\n\
         user reader on >PUT-A-PASSWORD-HERE resetkeys %R~flightdeck:* resetchannels &* -@all \
         +hello +ping +subscribe +psubscribe +unsubscribe +punsubscribe +xread +xrange +xrevrange\n",
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_one_user_a_line_and_shuts_the_default_one() {
        let text = file("desk-1");
        let users: Vec<&str> =
            text.lines().filter_map(|line| line.split_whitespace().nth(1)).collect();
        assert_eq!(users, ["default", "flightdeck", "desk-1", "reader"]);
        assert!(text.starts_with("user default off\n"));
        assert!(text.contains("&operator.kill") && !text.contains("&operator.resume"));
        assert!(!text.contains("&operator.settle") && !text.contains("&operator.acknowledge"));
    }
}
