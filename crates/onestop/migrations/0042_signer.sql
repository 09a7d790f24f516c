-- Who was asked to agree to what a draft declares (người cùng ký), and what they said, to which content. Rows
-- are never changed back: an agreement that a change has made void is ended, and a new row asks again.
create table signing (
    id text primary key,
    draft text,                             -- null where a counter recorded it
    dossier text,                           -- once it is filed
    key text not null,                      -- the signer in the procedure's file; in a group with its row
    role text not null,                     -- who that is, in words
    name text not null,                     -- as the form or the clerk has it
    invitee text not null,                  -- the personal number that was asked
    asked_by text not null,
    asked_at bigint not null,
    until_at bigint not null,               -- nothing is answered after it, and no answer counts
    again text,                             -- the row that a change ended, of which this one asks again
    signer text,                            -- the account that answered; null at a counter
    answer text check (answer in ('agreed', 'declined')),
    answered_at bigint,
    reason text,                            -- why not, or why it was taken back
    text_version text,                      -- of the words agreed to
    text_sha256 text,
    content_sha256 text,                    -- of what was declared
    ended_at bigint,
    ended_by text,
    ended_why text check (ended_why in ('changed', 'withdrawn', 'recalled', 'discarded')),
    office text,                            -- the counter that saw them agree
    way text check (way in ('present', 'paper')),
    paper_name text,
    paper_media text,
    paper_sha256 text,
    check ((answer is null) = (answered_at is null)),
    check ((ended_at is null) = (ended_why is null))
) strict;
create index signing_of_draft on signing (draft, ended_at);
create index signing_of_dossier on signing (dossier);
create index signing_of_invitee on signing (invitee, asked_at);
create index signing_of_signer on signing (signer, asked_at);
