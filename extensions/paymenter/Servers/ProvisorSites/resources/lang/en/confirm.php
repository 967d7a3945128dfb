<?php

declare(strict_types=1);

return [
    'no' => 'Cancel',
    'reset' => [
        'title' => 'Reset the site?',
        'text' => 'Everything since the site was new is lost: pages, settings and uploads. Backups stay.',
        'yes' => 'Reset the site',
    ],
    'rollback' => [
        'title' => 'Roll back to :name?',
        'text' => 'The site becomes what it was then. How it is now is kept, until the next rollback.',
        'yes' => 'Roll back',
    ],
    'undo' => [
        'title' => 'Undo the rollback?',
        'text' => 'The site becomes what it was before. How it is now is kept in turn.',
        'yes' => 'Undo',
    ],
    'delete-backup' => [
        'title' => 'Delete the backup :name?',
        'text' => 'It cannot be brought back.',
        'yes' => 'Delete',
    ],
    'remove-domain' => [
        'title' => 'Remove :name?',
        'text' => 'The domain stops leading to this site at once.',
        'yes' => 'Remove',
    ],
];
