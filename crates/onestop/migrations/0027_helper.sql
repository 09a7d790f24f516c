-- Who helps somebody with one draft or dossier (người giúp nộp hộ), for what and till when, under which
-- words both agreed. A draft that is filed takes its helpers along.
create table helping (
    id text primary key,
    owner text,                             -- the account helped; null for a person without one
    draft text,
    dossier text,
    invitee text,                           -- the personal number invited; null when by a code
    code_hash text unique,                  -- of a code told to the person; null once used
    code_until bigint,
    helper text,                            -- the account that took the invitation up
    may_fill bigint not null check (may_fill in (0, 1)),
    may_supplement bigint not null check (may_supplement in (0, 1)),
    may_follow bigint not null check (may_follow in (0, 1)),
    until_at bigint not null,
    text_version text not null,             -- of the consent
    text_sha256 text not null,
    invited_by text not null,
    office text,                            -- the counter that took the consent on paper
    paper_name text,
    paper_media text,
    paper_sha256 text,
    invited_at bigint not null,
    accepted_at bigint,
    ended_at bigint,
    ended_by text
) strict;
create index helping_of_draft on helping (draft);
create index helping_of_dossier on helping (dossier);
create index helping_of_owner on helping (owner, invited_at);
create index helping_of_helper on helping (helper, ended_at);
create index helping_of_invitee on helping (invitee, ended_at);

-- What a helper did for the owner, to be read by the owner.
create table helping_deed (
    id text primary key,
    helping text not null references helping (id),
    deed text not null check (deed in ('look', 'fill', 'papers', 'supplement')),
    at bigint not null
) strict;
create index deed_of_helping on helping_deed (helping, at);
