//! `flightdeck man [VERB]`.

use std::io::{self, Write};

use anyhow::anyhow;
use clap::CommandFactory;
use clap_mangen::Man;

use crate::cli::arguments::Arguments;
use crate::cli::{Failure, Outcome, output};

const EXIT_STATUS: &str = r#".SH "EXIT STATUS"
.TP
\fB0\fR
Done.
.TP
\fB1\fR
It failed while it was done.
.TP
\fB2\fR
Refused: it was asked for something impossible, or it was not confirmed; nothing was done.
.TP
\fB3\fR
No running instance (verbs that speak to one).
.TP
\fB4\fR
No answer in time; the outcome is unknown (verbs that speak to one).
"#;

const FILES: &str = r".SH FILES
.TP
\fI$XDG_RUNTIME_DIR/flightdeck/NAME.sock\fR
Control socket of a running instance, for its user alone. Without XDG_RUNTIME_DIR it lies in the folder control of the data folder.
.TP
\fI$XDG_DATA_HOME/flightdeck/NAME.kill\fR
Kill file: when it appears, the instance halts as by \fBflightdeck kill\fR; its first line is the reason.
.TP
\fI$XDG_DATA_HOME/flightdeck/sim/\fR
Journals of the embedded market.
.SH SIGNALS
.TP
\fBSIGQUIT\fR
Halts as by \fBflightdeck kill\fR.
.TP
\fBSIGINT\fR, \fBSIGTERM\fR
End the run cleanly.
";

/// Prints the page of the program, or of one verb.
pub(crate) fn man(verb: Option<&str>) -> Outcome {
    // The page has a section of its own for what stands below the help.
    let mut command = Arguments::command().after_help(None);
    // Without this the verbs' pages would not know the flags that all verbs share.
    command.build();
    let page = match verb {
        None => page(&Man::new(command))?,
        Some(verb) => {
            let found = command.find_subcommand(verb).cloned().ok_or_else(|| {
                Failure::refused(anyhow!("there is no verb '{verb}'; see flightdeck --help"))
            })?;
            page(&Man::new(found))?
        }
    };
    output::say(String::from_utf8_lossy(&page).trim_end())?;
    Ok(())
}

fn page(man: &Man) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    man.render(&mut page)?;
    page.write_all(EXIT_STATUS.as_bytes())?;
    page.write_all(FILES.as_bytes())?;
    Ok(page)
}
