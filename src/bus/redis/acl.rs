//! The users that the server needs: the house, those who may command, those who vote,
//! those who sit elsewhere, those who look on.

use std::fmt::Write as _;

use crate::bus::redis::names::{
    CAST_VOTE, LOCAL_ONLY, VOTE_REQUESTED, command_topics, reply_channel,
};

/// What to do about a server without users, in one line.
pub const REMEDY: &str = "give it users, then shut the default one: print them with \
     flightdeck bus acl > users.acl, put passwords in, and start redis-server --aclfile users.acl; \
     or, on this machine and for development alone, set bus.trust = \"loopback\"";

/// What the house itself may do.
pub const HOUSE: &str = "resetkeys ~flightdeck:* resetchannels &* -@all \
     +hello +ping +publish +subscribe +unsubscribe +xadd +xrange +xrevrange +get +set \
     +rpush +blpop +expire +incr +eval +pexpire +del";

/// What one who looks on may do. Behind a sender's own rights it stands in brackets, as a
/// selector: to hear every channel is not to publish on every channel.
const LOOKS_ON: &str = "%R~flightdeck:* &* -@all +hello +ping +subscribe +psubscribe \
     +unsubscribe +punsubscribe +get +xread +xrange +xrevrange";

/// The user that votes from outside, in the file that is printed.
pub const MEMBER: &str = "member";

/// Returns an access control file: everybody off but the house, one sender, one member that
/// votes, one reader.
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
    let is_theirs = |name| !LOCAL_ONLY.contains(&name) && name != CAST_VOTE;
    for (topic, _) in command_topics().filter(|(_, name)| is_theirs(*name)) {
        let _ = write!(text, " &{topic}");
    }
    let reply = reply_channel(MEMBER);
    let _ = write!(
        text,
        " -@all +hello +ping +publish +subscribe +unsubscribe ({LOOKS_ON})\n\
         user {MEMBER} on >PUT-A-PASSWORD-HERE resetkeys resetchannels \
         &{reply} &{VOTE_REQUESTED} &market_data.quote.updated &{CAST_VOTE}"
    );
    let _ = writeln!(
        text,
        " -@all +hello +ping +publish +subscribe +unsubscribe\n\
         user seat on >PUT-A-PASSWORD-HERE resetkeys ~flightdeck:*:seat:* resetchannels -@all \
         +hello +ping +get +rpush +blpop +expire\n\
         user reader on >PUT-A-PASSWORD-HERE resetkeys resetchannels {LOOKS_ON}"
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
        assert_eq!(users, ["default", "flightdeck", "desk-1", "member", "seat", "reader"]);
        assert!(text.starts_with("user default off\n"));
        assert!(text.contains("&operator.kill") && !text.contains("&operator.resume"));
        assert!(!text.contains("&operator.settle") && !text.contains("&operator.acknowledge"));
    }
}
