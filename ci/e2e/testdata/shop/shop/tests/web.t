use strict;
use warnings;
use HTTP::Tiny;
use Test::More tests => 2;

sub get { HTTP::Tiny->new(timeout => 10)->get("$ENV{ADDRESS}/" . shift)->{content} }

is get(''), "Welcome!\n", 'web welcomes';
is get('version'), qq({"version": "$ENV{VERSION}"}\n), 'web is the version just deployed';
