<?php

declare(strict_types=1);

return [
    'challenge' => 'Show that the domain is yours',
    'challenge_help' => 'Publish this record where the DNS of the domain is now, then try again. It may be removed '
        . 'afterwards.',
    'text' => 'Text',
    'delegation' => 'Set our nameservers',
    'delegation_help' => 'Set these nameservers, and no others, where the domain is registered, then try again. It may '
        . 'take some hours until that is seen.',
    'nameserver' => 'Nameserver',
    'found' => 'Seen there now:',
    'nothing' => 'nothing',
    'again' => 'I have set it, try again',
];
