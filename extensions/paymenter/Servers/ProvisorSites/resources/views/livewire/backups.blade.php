<section class="pvr-card">
    <div class="pvr-head">
        <h3>{{ $words->say('panel.backups') }}</h3>
        @if ($overview->backups !== null)
            <span class="pvr-soft">{{ $words->say('panel.quota', ['used' => $overview->backups->quota->used, 'limit' => $overview->backups->quota->limit]) }}</span>
        @endif
    </div>
    @if ($overview->backups === null)
        <p class="pvr-note">{{ $overview->problems['backups'] }}</p>
    @else
        @unless ($overview->backups->verified)
            <p class="pvr-note">{{ $words->say('panel.unverified') }}</p>
        @endunless
        <ul class="pvr-list">
            @forelse ($overview->backups->backups as $backup)
                <li class="pvr-item" wire:key="backup-{{ $backup->name }}">
                    <strong>{{ $backup->name }}</strong>
                    <span class="pvr-soft">{{ $figures::instant($backup->createdAt) }}@if ($backup->bytes !== null) · {{ $figures::bytes($backup->bytes) }}@endif</span>
                    @unless ($backup->isReady())
                        <span class="pvr-state pvr-{{ $backup->state }}">{{ $words->say("backup_states.$backup->state") }}</span>
                    @endunless
                    <span class="pvr-buttons">
                        @if ($backup->isReady())
                            <button type="button" wire:click="ask('rollback', @js($backup->name))" {{ $overview->site->isBusy() ? 'disabled' : '' }}>{{ $words->say('panel.rollback') }}</button>
                        @endif
                        <button type="button" class="pvr-quiet" wire:click="ask('delete-backup', @js($backup->name))" {{ $overview->site->isBusy() ? 'disabled' : '' }}>{{ $words->say('panel.delete') }}</button>
                    </span>
                </li>
            @empty
                <li class="pvr-soft">{{ $words->say('panel.no_backups') }}</li>
            @endforelse
        </ul>
        @if ($overview->wasRolledBack())
            <div class="pvr-line">
                <span>{{ $words->say('panel.rolled_back') }}</span>
                <button type="button" wire:click="ask('undo')">{{ $words->say('panel.undo') }}</button>
            </div>
        @endif
        <button type="button" class="pvr-main" wire:click="makeBackup" wire:loading.attr="disabled" {{ ($overview->site->isBusy() || $overview->backups->quota->isUsedUp()) ? 'disabled' : '' }}>{{ $words->say('panel.make_backup') }}</button>
    @endif
</section>
